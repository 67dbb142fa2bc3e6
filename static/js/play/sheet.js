// The answer sheet: every question as a square that opens it, and the way to hand in.

import { element } from "../core/dom.js";
import { text } from "../core/text.js";

const MOST_DOTS = 20;

/** Open a dialog; in older browsers without dialogs it lies over the page like any block. */
export function openDialog(dialog) {
  if (dialog.hasAttribute("open")) return;
  if (dialog.showModal) dialog.showModal();
  else dialog.setAttribute("open", "");
}

export function closeDialog(dialog) {
  if (dialog.close) dialog.close();
  else if (dialog.hasAttribute("open")) {
    dialog.removeAttribute("open");
    dialog.dispatchEvent(new Event("close"));
  }
}

/** Close buttons and a tap beside the dialog close it. */
export function wireDialog(dialog) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) closeDialog(dialog);
  });
}

export function renderSquares({ list, questions, answers, onOpen }) {
  const squares = questions.map(({ id }, place) => {
    const states = stateOf(answers, id);
    const words = [text("square", { number: place + 1 }), ...states.map((state) => text(`state-${state}`))];
    const names = ["square", ...states.map((state) => `is-${state}`)];
    const isHere = place === answers.place;
    if (isHere) names.push("is-here");
    const square = element("button", {
      className: names.join(" "),
      type: "button",
      content: place + 1,
      "aria-label": words.join("，"),
      "aria-current": isHere ? "true" : null,
    });
    square.addEventListener("click", () => onOpen(place));
    return element("li", {}, [square]);
  });
  list.replaceChildren(...squares);
}

function stateOf(answers, id) {
  const states = [answers.isAnswered(id) ? "answered" : "open"];
  if (answers.isMarked(id)) states.push("marked");
  if (answers.isUnsaved(id)) states.push("unsaved");
  return states;
}

/** The small picture of the sheet in the dock: dots, or figures when there are many questions. */
export function renderDots({ button, questions, answers }) {
  const open = answers.open.length;
  const done = questions.length - open;
  button.setAttribute("aria-label", text("sheet-label", { answered: done, open }));
  if (questions.length > MOST_DOTS) {
    button.replaceChildren(element("span", { className: "num", content: `${done}/${questions.length}` }));
    return;
  }
  const dots = questions.map(({ id }, place) => {
    const names = [answers.isAnswered(id) && "is-answered", place === answers.place && "is-here"];
    return element("i", { className: names.filter(Boolean).join(" ") });
  });
  button.replaceChildren(element("span", { className: "dots", "aria-hidden": "true" }, dots));
}
