// The page of a contest: counts the visit, keeps the figures and the countdown going, remembers the wish to begin, and
// is loaded anew by who comes back to it.

import { call } from "../core/api.js";
import { text } from "../core/text.js";
import { wishToBegin } from "./begin.js";
import { figureText } from "./figures.js";

const PULSE_MS = 10_000;
const SPREAD_MS = 3000;
/** A page that old may offer what is over: an attempt to go on with, one more that is left. */
const OLD_MS = 10 * 60_000;

const page = document.querySelector("[data-contest]");
const { slug, now, turnsAt, turn } = page.dataset;
const loadedAt = Date.now();
const offset = Number(now) - loadedAt;
const countdown = document.querySelector('[data-part="countdown"]');
const figures = new Map([...page.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));

/** A network that answers in the server's stead knows no visits. */
const isPulse = (body) => Number.isFinite(body?.visits);

/** Bring the figures up to date; whether the server could be asked. */
async function readPulse() {
  if (document.visibilityState === "hidden") return false;
  try {
    const { body } = await call("GET", `/api/v1/contests/${slug}/pulse`, { isOurs: isPulse });
    for (const [name, cell] of figures) {
      const words = figureText(body[name] ?? 0);
      if (cell.textContent !== words) cell.textContent = words;
    }
    return true;
  } catch {
    // The figures on the page stay as they are; the next round asks again.
    return false;
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

/** Somebody has come back to the page: load it anew, where there is a network and nothing would be taken away. */
async function renew() {
  if ((await readPulse()) && !isInUse()) location.reload();
}

function comeBack() {
  if (Date.now() - loadedAt > OLD_MS) renew();
  else if (figures.size > 0) readPulse();
}

const counting = countdown && turnsAt ? setInterval(countDown, 1000) : 0;
if (counting) countDown();

call("POST", `/api/v1/contests/${slug}/visits`).catch(() => undefined);
if (figures.size > 0) setInterval(readPulse, PULSE_MS * (0.9 + Math.random() * 0.2));
document.addEventListener("visibilitychange", comeBack);
// Kept by the browser as it was, when somebody goes back to it from the paper or the result.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) renew();
});

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
