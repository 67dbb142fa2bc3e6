// A file is sent as soon as it is chosen; the form then only names it by its digest.

import { element } from "../core/dom.js";
import { text } from "../core/text.js";
import { changed } from "./rows.js";

const MOST_BYTES = 20 * 1024 * 1024;

/** Send every file that is chosen in the form, and show it below its text. */
export function watchFiles(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file][data-send]") && event.target.files.length) send(form, event.target);
  });
}

async function send(form, input) {
  const said = input.closest(".attach").querySelector("[data-refusal]");
  const [file] = input.files;
  const say = (sentence, isRefusal = true) => {
    said.textContent = sentence;
    said.hidden = !sentence;
    said.classList.toggle("is-quiet", !isRefusal);
  };
  if (file.size > MOST_BYTES) {
    input.value = "";
    say(text("too-large"));
    return;
  }
  say(text("sending"), false);
  input.disabled = true;
  try {
    const body = new FormData();
    body.append("file", file);
    const headers = { "X-CSRFToken": form.elements.namedItem("csrf_token").value };
    const response = await fetch(form.dataset.send, { method: "POST", body, headers });
    const answer = await response.json();
    if (response.ok) {
      form.querySelector(`[data-kept="${input.dataset.send}"]`).append(kept(input.dataset.send, answer));
      changed(form);
      say(answer.note, false);
    } else {
      say(answer.message);
    }
  } catch {
    say(text("not-sent"));
  } finally {
    // What was sent need not be sent again with the form; what was refused must not be.
    input.value = "";
    input.disabled = false;
  }
}

function kept(name, medium) {
  const shown =
    medium.kind === "audio"
      ? element("audio", { controls: true, preload: "none", src: medium.address })
      : element("img", { src: medium.address, alt: "", width: medium.width, height: medium.height });
  return element("li", { className: "kept-medium" }, [
    element("input", { type: "hidden", name: `${name}.media`, value: medium.sha256 }),
    shown,
    element("label", { className: "kept-alt" }, [
      element("span", { content: text("alt") }),
      element("input", { className: "form-control", name: `${name}.alt`, maxlength: 500 }),
    ]),
    element("label", { className: "form-check" }, [
      element("input", { className: "form-check-input", type: "checkbox", name: `${name}.drop`, value: medium.sha256 }),
      element("span", { className: "form-check-label", content: text("drop") }),
    ]),
  ]);
}
