// One question on the screen: the case, stem, what is answered, and what the server said to a locked answer.

import { element } from "../core/dom.js";
import { hasText, listed, text } from "../core/text.js";
import { renderMatching } from "./matching.js";
import { renderOrdering } from "./ordering.js";
import { nameOf, renderAlso, renderMedia, renderWords } from "./parts.js";

const ONE_CHOICE = new Set(["single", "true_false"]);
const LONG_PASSAGE = 120;
const BODIES = { fill_in: renderBlanks, ordering: renderOrdering, matching: renderMatching };

/**
 * Build the question at `place` of `questions`; `onChange(response)` hears every change by the reader.
 * `language` is the further language to show, or ""; `folds` remembers which passages are open.
 */
export function renderQuestion({ questions, place, item, isVoid, response, language, folds, onChange }) {
  const question = questions[place];
  const translation = question.translations?.find((texts) => texts.language === language);
  const verdict = item?.verdict ?? null;
  const kind = element("p", { className: "kind" }, [
    element("span", { className: "tag tag-accent", content: kindText(question) }),
    element("span", { className: "tiny", content: hintText(question.kind) }),
  ]);
  if (isVoid) kind.append(element("span", { className: "tag tag-info", content: text("void") }));
  const stem = element("h1", {
    className: "stem",
    tabindex: "-1",
    id: "stem",
    content: `${place + 1}. ${question.stem}`,
  });
  const head = element("div", { className: "stem-parts" }, [
    stem,
    ...renderAlso(translation, translation?.stem, "p"),
    ...renderMedia(question.media, "stem"),
  ]);
  const render = BODIES[question.kind] ?? renderOptions;
  const parts = [kind, head, render({ question, response, verdict, translation, onChange })];
  if (question.passage) parts.unshift(renderPassage(questions, place, translation, folds));
  if (verdict) parts.push(renderVerdict(question, verdict, language));
  return parts;
}

/** The case above its questions; a long one folds, and stays as the reader left it for all of them. */
function renderPassage(questions, place, translation, folds) {
  const { passage, media } = questions[place];
  const isSame = (number) => questions[number]?.passage === passage;
  let first = place;
  let last = place;
  while (isSame(first - 1)) first -= 1;
  while (isSame(last + 1)) last += 1;
  const title = text(first === last ? "passage" : "passage-range", { first: first + 1, last: last + 1 });
  const body = [
    element("p", { className: "prose", content: passage }),
    ...renderAlso(translation, translation?.passage, "p"),
    ...renderMedia(media, "passage"),
  ];
  if (passage.length <= LONG_PASSAGE && body.length === 1) {
    return element("section", { className: "passage fold" }, [element("h2", { content: title }), ...body]);
  }
  const fold = element("details", { className: "passage fold", open: folds.get(passage) ?? true }, [
    element("summary", { content: title }),
    element("div", { className: "fold-body" }, body),
  ]);
  fold.addEventListener("toggle", () => folds.set(passage, fold.open));
  return fold;
}

function kindText(question) {
  return text("kind-points", { kind: text(`kind-${question.kind}`), points: question.points });
}

function hintText(kind) {
  return hasText(`hint-${kind}`) ? text(`hint-${kind}`) : "";
}

function renderOptions({ question, response, verdict, translation, onChange }) {
  const isOne = ONE_CHOICE.has(question.kind);
  const right = verdict?.key ?? null;
  const rows = question.options.map((option, place) => {
    const isOn = response.includes(option.key);
    const judged = right && (right.includes(option.key) ? "right" : isOn ? "wrong" : "");
    const input = element("input", {
      type: isOne ? "radio" : "checkbox",
      name: "response",
      value: option.key,
      disabled: Boolean(verdict),
    });
    input.checked = isOn;
    const letter = question.kind === "true_false" ? { true: "✓", false: "✕" }[option.key] : option.key;
    const words = renderWords(question, option, translation, { onTap: verdict ? "picture" : "button" });
    if (judged) words.append(element("span", { className: "option-verdict", content: text(`option-${judged}`) }));
    const names = ["option", isOne && "option-single", isOn && "is-on", verdict && "is-locked"];
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

function renderBlanks({ question, response, verdict, onChange }) {
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
      disabled: Boolean(verdict),
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

function renderVerdict(question, verdict, language) {
  const { right, key, explanation, basis, media, translations } = verdict;
  const also = translations?.find((texts) => texts.language === language);
  const parts = [
    element("h2", {}, [
      element("span", { content: right ? "✓" : "✕", "aria-hidden": "true" }),
      element("span", { content: text(right ? "verdict-right" : "verdict-wrong") }),
    ]),
  ];
  if (key && !right) parts.push(...renderKey(question, key));
  if (explanation) parts.push(element("p", { className: "why", content: explanation }));
  parts.push(...renderAlso(also, also?.explanation, "p"), ...renderMedia(media, "explanation"));
  if (basis?.length) parts.push(element("ul", { className: "laws" }, basis.map(renderBasis)));
  return element("section", { className: `verdict is-${right ? "right" : "wrong"}`, role: "status" }, parts);
}

function renderBasis({ law, article, effective_on: day }) {
  const since = day ? [" ", element("span", { content: `· ${text("in-force", { day })}` })] : [];
  return element("li", {}, [`《${law}》${article}`, ...since]);
}

/** The right answer in words; that of matching stands at each thing on the left. */
function renderKey(question, key) {
  if (question.kind === "matching") return [];
  if (question.kind === "ordering") {
    const find = (wanted) => question.options.find((option) => option.key === wanted);
    const rows = key.map((wanted) => element("li", { content: nameOf(question, find(wanted)) }));
    return [element("p", { content: text("right-order") }), element("ol", { className: "right-order" }, rows)];
  }
  return [element("p", { content: text("right-answer", { answer: keyText(question, key) }) })];
}

function keyText(question, key) {
  if (question.kind === "true_false") return question.options.find((option) => option.key === key[0])?.text;
  if (question.kind === "fill_in") return key.map((accepted) => [accepted].flat().join(" / ")).join("；");
  return listed(key);
}
