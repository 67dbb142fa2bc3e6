// One question on the screen: stem, options or blanks, and what the server said to a locked answer.

import { element } from "../core/dom.js";
import { hasText, text } from "../core/text.js";

const ONE_CHOICE = new Set(["single", "true_false"]);

/** Build the question; `onChange(response)` hears every change by the reader. */
export function renderQuestion({ question, place, item, response, onChange }) {
  const kind = element("p", { className: "kind" }, [
    element("span", { className: "tag tag-accent", content: kindText(question) }),
    element("span", { className: "tiny", content: hintText(question.kind) }),
  ]);
  const stem = element("h1", {
    className: "stem",
    tabindex: "-1",
    id: "stem",
    content: `${place + 1}. ${question.stem}`,
  });
  const isLocked = Boolean(item?.verdict);
  const body =
    question.kind === "fill_in"
      ? renderBlanks(question, response, isLocked, onChange)
      : renderOptions(question, response, item, onChange);
  const parts = [kind, stem, body];
  if (item?.verdict) parts.push(renderVerdict(question, item.verdict));
  return parts;
}

function kindText(question) {
  return text("kind-points", { kind: text(`kind-${question.kind}`), points: question.points });
}

function hintText(kind) {
  return hasText(`hint-${kind}`) ? text(`hint-${kind}`) : "";
}

function renderOptions(question, response, item, onChange) {
  const isOne = ONE_CHOICE.has(question.kind);
  const right = item?.verdict?.key ?? null;
  const rows = question.options.map((option, place) => {
    const isOn = response.includes(option.key);
    const judged = right && (right.includes(option.key) ? "right" : isOn ? "wrong" : "");
    const input = element("input", {
      type: isOne ? "radio" : "checkbox",
      name: "response",
      value: option.key,
      disabled: Boolean(item?.verdict),
    });
    input.checked = isOn;
    const letter = question.kind === "true_false" ? { true: "✓", false: "✕" }[option.key] : option.key;
    const words = element("span", { content: option.text });
    if (judged) words.append(element("span", { className: "option-verdict", content: text(`option-${judged}`) }));
    const names = ["option", isOne && "option-single", isOn && "is-on", item?.verdict && "is-locked"];
    if (judged) names.push(`is-${judged}`);
    return element("label", { className: names.filter(Boolean).join(" "), "data-place": place }, [
      input,
      element("span", { className: "letter", content: letter, "aria-hidden": "true" }),
      words,
      element("span", { className: "tick", content: judged === "wrong" ? "✕" : "✓", "aria-hidden": "true" }),
      element("span", { className: "option-focus" }),
    ]);
  });
  const set = element("fieldset", { className: "options", "aria-labelledby": "stem" }, rows);
  set.addEventListener("change", () => {
    for (const row of rows) row.classList.toggle("is-on", row.querySelector("input").checked);
    onChange(
      rows
        .map((row) => row.querySelector("input"))
        .filter((input) => input.checked)
        .map((input) => input.value),
    );
  });
  return set;
}

function renderBlanks(question, response, isLocked, onChange) {
  const inputs = Array.from({ length: question.blanks }, (_unused, place) =>
    element("input", {
      className: "form-control",
      id: `blank-${place}`,
      type: "text",
      maxlength: 200,
      autocomplete: "off",
      autocapitalize: "off",
      enterkeyhint: place + 1 < question.blanks ? "next" : "done",
      value: response[place] ?? "",
      disabled: isLocked,
    }),
  );
  const rows = inputs.map((input, place) =>
    element("div", { className: "blank" }, [
      element("label", { className: "form-label", for: input.id, content: text("blank", { number: place + 1 }) }),
      input,
    ]),
  );
  const set = element("fieldset", { className: "options", "aria-labelledby": "stem" }, rows);
  set.addEventListener("input", () => {
    const texts = inputs.map((input) => input.value.trim());
    onChange(texts.some(Boolean) ? texts : []);
  });
  return set;
}

function renderVerdict(question, { right, key, explanation, basis }) {
  const parts = [
    element("h2", {}, [
      element("span", { content: right ? "✓" : "✕", "aria-hidden": "true" }),
      element("span", { content: text(right ? "verdict-right" : "verdict-wrong") }),
    ]),
  ];
  if (key && !right) parts.push(element("p", { content: text("right-answer", { answer: keyText(question, key) }) }));
  if (explanation) parts.push(element("p", { className: "why", content: explanation }));
  if (basis?.length) parts.push(element("ul", { className: "laws" }, basis.map(renderBasis)));
  return element("section", { className: `verdict is-${right ? "right" : "wrong"}`, role: "status" }, parts);
}

function renderBasis({ law, article, effective_on: day }) {
  const since = day ? ` · ${text("in-force", { day })}` : "";
  return element("li", { content: `《${law}》${article}${since}` });
}

function keyText(question, key) {
  if (question.kind === "true_false") return question.options.find((option) => option.key === key[0])?.text;
  if (question.kind === "fill_in") return key.map((accepted) => [accepted].flat().join(" / ")).join("；");
  return key.join("、");
}
