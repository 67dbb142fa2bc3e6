// Figures in words, as the server writes them (the filters of quizapp/play/views.py).

import { text } from "../core/text.js";

const locale = document.documentElement.lang;

/** 1,284; in Chinese from a hundred thousand on 80.2 万. */
export function figureText(number) {
  if (locale !== "en" && number >= 100_000) return text("ten-thousands", { number: (number / 10_000).toFixed(1) });
  return number.toLocaleString("en");
}

/** 222000 ms → 3′42″; from an hour on 1:03′42″. */
export function durationText(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const start = hours ? `${hours}:${two(minutes)}` : String(minutes);
  return `${start}′${two(seconds % 60)}″`;
}
