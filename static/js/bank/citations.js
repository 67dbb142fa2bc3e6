// Find an article by words and cite it: the search of the laws' pages, beside the rows of citations.

import { element } from "../core/dom.js";
import { text } from "../core/text.js";
import { changed, emptyRow } from "./rows.js";

const PAUSE_MS = 300;

/** Show the search, and write what is picked into the first empty row. */
export function watchCitations(form) {
  const set = form.querySelector("[data-citations]");
  const box = set.querySelector("[data-find]");
  const input = box.querySelector("input");
  const list = box.querySelector("[data-found]");
  let timer = 0;
  let asked = 0;
  box.hidden = false;

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      // The form is not sent by looking for something.
      event.preventDefault();
      find();
    }
  });

  async function find() {
    const words = input.value.trim();
    const number = ++asked;
    if (!words) {
      list.replaceChildren();
      return;
    }
    let found;
    try {
      const answer = await fetch(`${box.dataset.find}?${new URLSearchParams({ q: words })}`);
      if (!answer.ok) throw new Error(String(answer.status));
      found = (await answer.json()).articles;
    } catch {
      list.replaceChildren(element("li", { content: text("not-found") }));
      return;
    }
    if (number !== asked) return;
    if (found.length === 0) list.replaceChildren(element("li", { content: text("found-none") }));
    else list.replaceChildren(...found.map(shown));
  }

  function shown(article) {
    const since = article.effective_on ? ` · ${text("in-force", { day: article.effective_on })}` : "";
    const state = article.status === "in_force" ? "" : ` · ${text(`status-${article.status}`)}`;
    const button = element("button", { className: "write-found", type: "button" }, [
      element("b", { content: `《${article.law}》${article.article}` }),
      element("span", { className: "text-secondary", content: since }),
      element("span", { className: "text-danger", content: state }),
      element("small", { content: article.text }),
    ]);
    button.addEventListener("click", () => {
      const row = emptyRow(set);
      for (const [name, value] of Object.entries({
        law: article.law,
        article: article.article,
        effective_on: article.effective_on,
      })) {
        row.querySelector(`[name="${name}"]`).value = value;
      }
      input.value = "";
      list.replaceChildren();
      row.querySelector('[name="article"]').focus();
      changed(form);
    });
    return element("li", {}, [button]);
  }
}
