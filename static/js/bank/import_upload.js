// Files are dropped anywhere on the box and sent one by one, each with its own bar: several together may be larger
// than one request. Without script the form sends them at once.
import "./import_progress.js";
import { element } from "../core/dom.js";

const form = document.querySelector("[data-upload]");
const input = form.querySelector('input[type="file"]');
const zone = form.querySelector("[data-drop]");
const list = form.querySelector("[data-files]");

for (const kind of ["dragenter", "dragover"]) {
  zone.addEventListener(kind, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
});

form.addEventListener("submit", async (event) => {
  if (input.files.length < 2) return;
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  list.hidden = false;
  list.replaceChildren();
  const lines = [...input.files].map((file) => {
    const bar = element("progress", { max: 100, value: 0, "aria-label": file.name });
    const line = element("li", {}, [
      element("span", { content: file.name }),
      element("small", { content: `${Math.ceil(file.size / 1024)} KB` }),
      bar,
    ]);
    list.append(line);
    return { file, line, bar };
  });
  let refused = 0;
  for (const { file, line, bar } of lines) {
    const sentence = await sendOne(file, bar);
    if (sentence) {
      refused += 1;
      bar.remove();
      line.append(element("span", { className: "wrong", content: sentence }));
    }
  }
  if (!refused) window.location.reload();
  button.disabled = false;
});

// XMLHttpRequest, since fetch does not say how much of an upload has gone. "" when it was taken, else why not.
function sendOne(file, bar) {
  const data = new FormData(form);
  data.delete(input.name);
  data.append(input.name, file);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("load", () => {
      const wrong = request.response?.querySelector(".invalid-feedback, .refusal p, .notice-error");
      resolve(request.status < 400 ? "" : (wrong?.textContent.trim() ?? String(request.status)));
    });
    request.addEventListener("error", () => resolve("✕"));
    request.send(data);
  });
}
