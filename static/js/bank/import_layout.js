// A correction is read anew as soon as it is made, and what the file gives then is shown below.
import { fetchPage, follow, send, takeOver } from "./import_progress.js";

const PARTS = ["[data-steps]", "[data-preview]"];
let latest = 0;

listen(document.querySelector("[data-layout]"));

function listen(form) {
  form.addEventListener("change", () => read(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    read(form);
  });
}

async function read(form) {
  const number = ++latest;
  const words = form.querySelector("[data-words]");
  form.setAttribute("aria-busy", "true");
  words.textContent = "…";
  const response = await send(form);
  if (number !== latest) return;
  if (!response.ok) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    words.textContent = page.querySelector(".notice-error, .refusal p")?.textContent.trim() ?? "";
    form.removeAttribute("aria-busy");
    return;
  }
  await follow(form.dataset.waiting, (answer) => {
    if (number === latest) words.textContent = answer.words;
  });
  if (number !== latest) return;
  const { page } = await fetchPage(form.action.replace(/\/layout$/, ""));
  const theirs = page.querySelector("[data-layout]");
  if (!theirs) {
    window.location.reload();
    return;
  }
  for (const part of PARTS) takeOver(page, part);
  const focused = document.activeElement?.name;
  form.replaceWith(document.adoptNode(theirs));
  listen(theirs);
  if (focused) theirs.elements.namedItem(focused)?.focus();
}
