// Sentences of a page: the server writes them into <template id="texts">, in the reader's language.

const texts = new Map(
  [...(document.getElementById("texts")?.content.querySelectorAll("[data-text]") ?? [])].map((element) => [
    element.dataset.text,
    element.textContent.trim(),
  ]),
);

/** The sentence called `name`, with {placeholders} filled in; the name itself when there is none. */
export function text(name, values = {}) {
  const sentence = texts.get(name) ?? name;
  return sentence.replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}

/** Words one after another, as the reader's language lists them. */
export function listed(words) {
  return words.map(String).reduce((list, word) => text("listed", { list, word }));
}

/** Whether the page has a sentence called `name`. */
export function hasText(name) {
  return texts.has(name);
}
