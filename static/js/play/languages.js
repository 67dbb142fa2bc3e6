// The further language in which questions are shown below the Chinese: chosen by a switch, remembered on this phone.

import { remember } from "../core/site.js";

const buttons = [...document.querySelectorAll("[data-languages] button")];

/** The code of the language that is shown besides, or "". */
export function secondLanguage() {
  return buttons.find((button) => button.getAttribute("aria-pressed") === "true")?.value ?? "";
}

/** Let the switch work without leaving the page. */
export function wireLanguages(onChange) {
  for (const button of buttons) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      remember("quizapp_second_language", button.value);
      onChange();
    });
  }
}
