// Putting things in order: by a button up or down, by the arrow keys, or by dragging a thing at its number.
//
// The order that stands at first is no answer: the response is empty until something was moved, or until the
// reader has said that this is the order.

import { element } from "../core/dom.js";
import { text } from "../core/text.js";
import { nameOf, renderWords } from "./parts.js";

export function renderOrdering({ question, response, verdict, translation, onChange }) {
  const options = new Map(question.options.map((option) => [option.key, option]));
  const keys = response.length > 0 ? response : [...options.keys()];
  const isLocked = Boolean(verdict);
  const rows = keys.map((key, place) => {
    const judged = verdict ? (verdict.key[place] === key ? "right" : "wrong") : "";
    return renderRow({ question, option: options.get(key), translation, isLocked, judged });
  });
  const list = element("ol", { className: "ordering", "aria-labelledby": "stem" }, rows);
  number(list);
  if (isLocked) return list;

  const state = element("p", { className: "small", role: "status" });
  const confirm = element("button", { className: "btn btn-wide", type: "button", content: text("order-confirm") });
  const foot = element("div", { className: "order-foot" }, [confirm, state]);

  function told(sentence = text("order-given")) {
    confirm.hidden = true;
    state.textContent = sentence;
  }

  function changed(sentence) {
    number(list);
    told(sentence);
    onChange([...list.children].map((row) => row.dataset.key));
  }

  /** Move a row by one place; the row itself stays in the page, so that it keeps focus and finger. */
  function move(row, step) {
    const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (step < 0) row.after(other);
    else row.before(other);
    const place = [...list.children].indexOf(row) + 1;
    changed(text("order-moved", { words: nameOf(question, options.get(row.dataset.key)), place }));
  }

  confirm.addEventListener("click", () => changed());
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button) move(button.closest("li"), Number(button.dataset.step));
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const button = event.target.closest("[data-step]");
    if (!step || !button) return;
    event.preventDefault();
    move(button.closest("li"), step);
  });
  for (const row of rows) wireDrag(row, list, () => changed());
  if (response.length > 0) told();
  return element("div", { className: "options" }, [list, foot]);
}

function renderRow({ question, option, translation, isLocked, judged }) {
  const words = renderWords(question, option, translation);
  if (judged) words.append(element("span", { className: "option-verdict", content: text(`order-${judged}`) }));
  const parts = [element("span", { className: "letter num", "aria-hidden": "true" }), words];
  if (!isLocked) {
    const name = nameOf(question, option);
    parts.push(renderStep(name, -1), renderStep(name, 1));
  }
  const names = ["order-row", judged && `is-${judged}`, isLocked && "is-locked"];
  return element("li", { className: names.filter(Boolean).join(" "), "data-key": option.key }, parts);
}

function renderStep(words, step) {
  const name = step < 0 ? "order-up" : "order-down";
  return element("button", {
    className: `order-step ${name}`,
    type: "button",
    "data-step": step,
    "aria-label": text(name, { words }),
  });
}

/** Write the places anew; a button that leads nowhere says so and stays where it is, for those who go by keys. */
function number(list) {
  const rows = [...list.children];
  for (const [place, row] of rows.entries()) {
    row.querySelector(".letter").textContent = String(place + 1);
    for (const button of row.querySelectorAll("[data-step]")) {
      const target = place + Number(button.dataset.step);
      button.setAttribute("aria-disabled", String(target < 0 || target >= rows.length));
    }
  }
}

function wireDrag(row, list, onDrop) {
  const handle = row.querySelector(".letter");
  let hasMoved = false;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    hasMoved = false;
    handle.setPointerCapture(event.pointerId);
    row.classList.add("is-dragged");
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const before = row.previousElementSibling;
    const after = row.nextElementSibling;
    if (before && event.clientY < middle(before)) row.after(before);
    else if (after && event.clientY > middle(after)) row.before(after);
    else return;
    hasMoved = true;
    number(list);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    handle.addEventListener(name, () => {
      row.classList.remove("is-dragged");
      if (hasMoved) onDrop();
      hasMoved = false;
    });
  }
}

function middle(row) {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}
