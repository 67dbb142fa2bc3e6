// The page of a contest: counts the visit, keeps the figures and the countdown going, remembers the wish to begin.

import { call } from "../core/api.js";
import { text } from "../core/text.js";
import { wishToBegin } from "./begin.js";
import { figureText } from "./figures.js";

const PULSE_MS = 10_000;
const SPREAD_MS = 3000;

const page = document.querySelector("[data-contest]");
const { slug, now, turnsAt, turn } = page.dataset;
const offset = Number(now) - Date.now();
const countdown = document.querySelector('[data-part="countdown"]');
const figures = new Map([...page.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));

/** A network that answers in the server's stead knows no visits. */
const isPulse = (body) => Number.isFinite(body?.visits);

async function readPulse() {
  if (document.visibilityState === "hidden") return;
  try {
    const { body } = await call("GET", `/api/v1/contests/${slug}/pulse`, { isOurs: isPulse });
    for (const [name, cell] of figures) {
      const words = figureText(body[name] ?? 0);
      if (cell.textContent !== words) cell.textContent = words;
    }
  } catch {
    // The figures on the page stay as they are; the next round asks again.
  }
}

const two = (number) => String(number).padStart(2, "0");

/** Whether loading the page anew would take away what somebody copies or writes: a resume code, a form begun. */
function isInUse() {
  if (page.querySelector('[data-part="code"]')) return true;
  const form = page.querySelector("#entry form");
  return Boolean(form) && (form.contains(document.activeElement) || [...form.elements].some(isFilled));
}

function isFilled(field) {
  if (field.type === "checkbox") return field.checked;
  return !["hidden", "submit"].includes(field.type) && field.value !== "";
}

/** The contest has opened or closed: load the page anew, or offer that where the page is in use. */
function turnOver() {
  if (!isInUse()) return location.reload();
  countdown.textContent = text("turned");
  for (const part of document.querySelectorAll("[data-before-turn]")) part.hidden = true;
  for (const part of document.querySelectorAll("[data-after-turn]")) part.hidden = false;
}

function countDown() {
  const left = Number(turnsAt) - (Date.now() + offset);
  if (left <= 0) {
    clearInterval(counting);
    setTimeout(turnOver, 1000 + Math.random() * SPREAD_MS);
    return;
  }
  const seconds = Math.floor(left / 1000);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  const days = Math.floor(seconds / 86_400);
  countdown.textContent = text(days > 0 ? `${turn}-days` : turn, { days, clock });
}

const counting = countdown && turnsAt ? setInterval(countDown, 1000) : 0;
if (counting) countDown();

call("POST", `/api/v1/contests/${slug}/visits`).catch(() => undefined);
if (figures.size > 0) {
  setInterval(readPulse, PULSE_MS * (0.9 + Math.random() * 0.2));
  document.addEventListener("visibilitychange", readPulse);
}

for (const starter of document.querySelectorAll("[data-begin]")) {
  starter.addEventListener(starter.tagName === "FORM" ? "submit" : "click", () => wishToBegin(slug));
}

// The button of a form works once: a second tap on a slow network must not send it again.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("[type=submit]");
    setTimeout(() => {
      button.disabled = true;
    });
    setTimeout(() => {
      button.disabled = false;
    }, 8000);
  });
}
