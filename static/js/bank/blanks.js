// The blanks of a question: as many fields as the stem has blanks, and what the server says counts as equal.

import { text } from "../core/text.js";
import { changed } from "./rows.js";

// Like formats/answers.py, which counts them when the form is sent.
const BLANK = /_{2,}|＿+|[(（]\s*[)）]|【\s*】|\[\s*\]/g;
const PAUSE_MS = 400;

/** Show beside every blank what its texts are compared as, and let a response be tried. */
export function watchBlanks(form) {
  const set = form.querySelector("[data-blanks]");
  if (!set) return;
  const list = set.querySelector("ol");
  const rows = () => [...list.querySelectorAll("[data-blank-row]")];
  const timers = new WeakMap();

  const add = () => {
    const row = rows().at(-1).cloneNode(true);
    const number = rows().length;
    const [label, field] = [row.querySelector("label"), row.querySelector("textarea")];
    label.htmlFor = field.id = `blank-${number}`;
    label.textContent = text("blank", { number: number + 1 });
    field.value = "";
    row.querySelector("[data-response]").value = "";
    row.querySelector("[data-compared]").textContent = "";
    row.querySelector("output").textContent = "";
    list.append(row);
    return row;
  };

  for (const row of rows()) ask(row);
  for (const row of rows()) row.querySelector("[data-try]").hidden = false;

  set.querySelector("[data-more-blank]").addEventListener("click", (event) => {
    event.preventDefault();
    add().querySelector("textarea").focus();
    changed(form);
  });
  set.addEventListener("input", (event) => {
    const row = event.target.closest("[data-blank-row]");
    clearTimeout(timers.get(row));
    timers.set(
      row,
      setTimeout(() => ask(row), PAUSE_MS),
    );
  });
  form.elements.namedItem("stem").addEventListener("input", (event) => {
    const wanted = (event.target.value.match(BLANK) ?? []).length;
    while (rows().length < wanted && rows().length < 26) add();
  });

  async function ask(row) {
    const compared = row.querySelector("[data-compared]");
    const verdict = row.querySelector("output");
    const accepted = row.querySelector("textarea").value.trim();
    const response = row.querySelector("[data-response]").value.trim();
    if (!accepted) {
      compared.textContent = verdict.textContent = "";
      return;
    }
    try {
      const answer = await fetch(`${form.dataset.blank}?${new URLSearchParams({ accepted, response })}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      const texts = found.compared.map(([, equal]) => `“${equal}”`).join(" / ");
      compared.textContent = text("compared", { texts });
      verdict.textContent = found.is_right === null ? "" : text(found.is_right ? "right" : "wrong");
      verdict.className = found.is_right ? "is-right" : "is-wrong";
    } catch {
      // Only a hint is missing; what is written stays.
      compared.textContent = verdict.textContent = "";
    }
  }
}
