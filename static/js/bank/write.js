// The form of a question: rows that come and go, files that are sent as soon as they are chosen, what a blank accepts.
// Every button works without script too: the form is then sent, changed and shown again.

import { watchBlanks } from "./blanks.js";
import { watchCitations } from "./citations.js";
import { watchRows, watchTables } from "./rows.js";
import { watchFiles } from "./uploads.js";

const form = document.querySelector("[data-write]");

for (const part of form.querySelectorAll("[data-without-script]")) part.hidden = true;
watchRows(form);
watchTables(form);
watchCitations(form);
watchFiles(form);
watchBlanks(form);
watchTopics();
watchLeaving();

function watchTopics() {
  const field = form.elements.namedItem("topics");
  for (const button of form.querySelectorAll("[data-topic]")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      const name = button.textContent;
      const lines = field.value.split("\n").map((line) => line.trim());
      if (!lines.includes(name)) field.value = [...lines.filter(Boolean), name].join("\n");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

// Leaving with something unsaved asks first; sending the form does not. A form that came back was changed before.
function watchLeaving() {
  const sign = form.querySelector("[data-unsaved]");
  let isChanged = "changed" in form.dataset;
  let isSending = false;
  const change = ({ target }) => {
    // What has no name is not sent: a search, a response that is tried.
    if (target !== form && !target.name) return;
    isChanged = true;
    sign.hidden = false;
  };
  if (isChanged) sign.hidden = false;
  form.addEventListener("input", change);
  form.addEventListener("change", change);
  form.addEventListener("rowschanged", change);
  form.addEventListener("submit", () => {
    isSending = true;
  });
  addEventListener("pageshow", () => {
    isSending = false;
  });
  addEventListener("beforeunload", (event) => {
    if (isChanged && !isSending) event.preventDefault();
  });
}
