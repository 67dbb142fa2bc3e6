// Matching: for each thing on the left one on the right is chosen from a list that a tap opens.

import { element } from "../core/dom.js";
import { text } from "../core/text.js";
import { nameOf, renderWords } from "./parts.js";
import { closeDialog, openDialog, wireDialog } from "./sheet.js";

/** The options on the left, with letters, and those on the right, with numbers. */
export function sides(options) {
  const isRight = ({ key }) => /^\d+$/.test(key);
  return [options.filter((option) => !isRight(option)), options.filter(isRight)];
}

export function renderMatching({ question, response, verdict, translation, onChange }) {
  const [left, right] = sides(question.options);
  const chosen = new Map(left.map(({ key }) => [key, response[key]]).filter(([_left, other]) => other));
  const rows = left.map((option, place) => renderRow(option, place));
  const list = element("ul", { className: "options", "aria-labelledby": "stem" }, rows.map(({ row }) => row));
  for (const { tell } of rows) tell();
  return list;

  function renderRow(option, place) {
    const button = element("button", { className: "match-choice", type: "button", "data-place": place });
    button.setAttribute("aria-haspopup", "dialog");
    button.disabled = Boolean(verdict);
    button.addEventListener("click", () => choose(option));
    const head = element("p", { className: "match-left" }, [
      element("span", { className: "letter", content: option.key, "aria-hidden": "true" }),
      renderWords(question, option, translation),
    ]);
    const row = element("li", { className: "match" }, [head, button]);
    if (verdict) judge(row, option);
    return { row, tell: () => tell(option, button) };
  }

  /** Show on the button what is chosen. */
  function tell(option, button) {
    const other = right.find(({ key }) => key === chosen.get(option.key));
    const words = other
      ? renderWords(question, other, translation, { onTap: "" })
      : element("span", { className: "words", content: text(verdict ? "match-none" : "match-choose") });
    const sign = element("span", { className: "match-sign", "aria-hidden": "true" });
    button.replaceChildren(words, sign);
    button.classList.toggle("is-on", Boolean(other));
    const names = { left: nameOf(question, option), right: other ? nameOf(question, other) : text("match-none") };
    button.setAttribute("aria-label", text("match-label", names));
  }

  function judge(row, option) {
    const isRight = chosen.get(option.key) === verdict.key[option.key];
    row.classList.add(isRight ? "is-right" : "is-wrong");
    const wanted = right.find(({ key }) => key === verdict.key[option.key]);
    const content = isRight ? text("match-right") : text("match-wrong", { right: nameOf(question, wanted) });
    row.append(element("span", { className: "option-verdict", content }));
  }

  function choose(option) {
    const rows = right.map((other) => renderChoice(option, other));
    const title = element("h2", { id: "match-title", content: text("match-title", { left: nameOf(question, option) }) });
    const acts = element("div", { className: "btn-pair" }, [
      element("button", { className: "btn", type: "button", "data-key": "", content: text("match-clear") }),
      element("button", { className: "btn btn-primary", type: "button", "data-close": true, content: text("close") }),
    ]);
    const choices = element("div", { className: "options" }, rows);
    const dialog = element("dialog", { "aria-labelledby": "match-title" }, [title, choices, acts]);
    dialog.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]")?.dataset.key;
      if (key === undefined) return;
      give(option.key, key);
      closeDialog(dialog);
    });
    dialog.addEventListener("close", () => dialog.remove());
    wireDialog(dialog);
    list.append(dialog);
    openDialog(dialog);
    dialog.querySelector(".is-on")?.focus();
  }

  function renderChoice(option, other) {
    const isOn = chosen.get(option.key) === other.key;
    const words = renderWords(question, other, translation, { onTap: "" });
    const owner = left.find(({ key }) => key !== option.key && chosen.get(key) === other.key);
    if (owner) words.append(element("span", { className: "tiny", content: text("match-used", { left: owner.key }) }));
    return element(
      "button",
      {
        className: isOn ? "option option-single is-on" : "option option-single",
        type: "button",
        "data-key": other.key,
        "aria-pressed": String(isOn),
      },
      [
        element("span", { className: "letter num", content: other.key, "aria-hidden": "true" }),
        words,
        element("span", { className: "tick", content: "✓", "aria-hidden": "true" }),
      ],
    );
  }

  function give(key, other) {
    if (other) chosen.set(key, other);
    else chosen.delete(key);
    for (const { tell } of rows) tell();
    onChange(chosen.size > 0 ? Object.fromEntries(left.filter((o) => chosen.has(o.key)).map(pair)) : []);
  }

  function pair({ key }) {
    return [key, chosen.get(key)];
  }
}
