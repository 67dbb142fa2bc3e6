// What belongs to a text of a question: the same in a further language, pictures and recordings.

import { element } from "../core/dom.js";
import { text } from "../core/text.js";
import { openDialog, wireDialog } from "./sheet.js";

/** `words` in the further language that is shown, as a list of at most one element. */
export function renderAlso(translation, words, tag = "span") {
  if (!translation || !words) return [];
  return [
    element(tag, { className: "also", lang: translation.language, dir: translation.direction, content: words }),
  ];
}

/**
 * The pictures and recordings below the text at `at`. A picture is enlarged by a tap: `onTap` says where, "picture"
 * or on a small "button" in its corner, since a tap on the rest chooses the option; "" inside another button.
 */
export function renderMedia(media, at, { onTap = "picture" } = {}) {
  return (media ?? [])
    .filter((medium) => medium.at === at)
    .map((medium) => (medium.kind === "audio" ? renderRecording(medium) : renderPicture(medium, onTap)));
}

/** What an option is called where it is spoken of: its words, else what its picture shows. */
export function nameOf(question, option) {
  return option.text || (question.media?.find((medium) => medium.at === option.key)?.alt ?? "") || option.key;
}

/** An option's words with all that belongs to them. */
export function renderWords(question, option, translation, options = {}) {
  const also = translation?.options.find(({ key }) => key === option.key)?.text;
  return element("span", { className: "words" }, [
    element("span", { content: option.text }),
    ...renderAlso(translation, also),
    ...renderMedia(question.media, option.key, options),
  ]);
}

/** Fetch the pictures of a question that comes next, so that it also stands when the network goes. */
export function fetchPictures(question) {
  for (const { kind, url } of question?.media ?? []) if (kind === "picture") new Image().src = url;
}

function renderRecording({ url, alt }) {
  const label = alt || text("recording");
  return element("span", { className: "recording" }, [
    element("audio", { controls: true, preload: "none", src: url, "aria-label": label }),
    element("span", { className: "tiny", content: label }),
  ]);
}

function renderPicture(medium, onTap) {
  const { url, alt, width, height } = medium;
  const picture = element("img", { src: url, alt, width, height, decoding: "async" });
  if (onTap === "") return element("span", { className: "picture" }, [picture]);
  const isWhole = onTap === "picture";
  const button = element("button", {
    className: isWhole ? "picture" : "nearer",
    type: "button",
    "aria-label": text("enlarge", { picture: alt || text("picture") }),
  });
  button.addEventListener("click", () => enlarge(medium));
  if (!isWhole) return element("span", { className: "picture" }, [picture, button]);
  button.append(picture);
  return button;
}

function enlarge({ url, alt }) {
  const picture = element("img", { src: url, alt });
  const dialog = element("dialog", { className: "enlarged", "aria-label": alt || text("picture") }, [
    element("div", { className: "enlarged-area", tabindex: "0" }, [picture]),
    element("button", { className: "btn", type: "button", "data-close": true, content: text("close") }),
  ]);
  picture.addEventListener("click", () => dialog.classList.toggle("is-closer"));
  dialog.addEventListener("close", () => dialog.remove());
  wireDialog(dialog);
  document.querySelector("[data-play]").append(dialog);
  openDialog(dialog);
}
