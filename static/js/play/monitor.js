// The organiser's monitor: figures told every second, or asked for every few seconds where the server tells nothing;
// everything else from the page itself every half minute.

import { call, Unreachable } from "../core/api.js";
import { element } from "../core/dom.js";
import { refresh } from "../core/refresh.js";
import { text } from "../core/text.js";

const FIGURES_MS = 4000;
const PAGE_MS = 30_000;
const LISTEN_AGAIN_MS = 60_000;

const monitor = document.querySelector("[data-monitor]");
const part = (name) => monitor.querySelector(`[data-part="${name}"]`);
const updated = part("updated");
let stage = monitor.dataset.stage;
let isSignedOut = false;
let stream = null;
let toldAt = Number.NEGATIVE_INFINITY;

function write(cell, words) {
  if (cell && cell.textContent !== words) cell.textContent = words;
}

function show(news) {
  for (const [name, figure] of Object.entries(news.figures)) {
    write(monitor.querySelector(`[data-figure="${name}"]`), figure.text);
    const note = monitor.querySelector(`[data-note="${name}"]`);
    write(note, figure.note);
    if (note) note.hidden = !figure.note;
  }
  write(part("recording"), news.recording);
  write(updated, text("updated", { moment: news.updated }));
  updated.classList.remove("is-stale");
  showWarnings(news.warnings);
}

function showWarnings(warnings) {
  const shown = part("warnings");
  const before = [...shown.children].map((line) => line.textContent);
  if (before.join("\n") === warnings.map((warning) => warning.text).join("\n")) return;
  shown.replaceChildren(
    ...warnings.map(({ tone, text: content }) => element("p", { className: `notice notice-${tone}`, content })),
  );
}

function complain(words) {
  write(updated, words);
  updated.classList.add("is-stale");
}

/** Show figures that have come; the parts of the page follow when the contest has entered another stage. */
async function take(news) {
  show(news);
  if (news.stage === stage) return;
  stage = news.stage;
  await readPage();
}

/** Let the server tell; a browser comes back by itself unless the server refuses, and then it is tried once a minute. */
function listen() {
  if (document.visibilityState === "hidden" || isSignedOut || stream?.readyState < EventSource.CLOSED) return;
  stream = new EventSource(monitor.dataset.events);
  stream.addEventListener("message", (event) => {
    toldAt = performance.now();
    take(JSON.parse(event.data));
  });
}

/** Ask, unless the server has told lately. */
async function readFigures() {
  if (document.visibilityState === "hidden" || isSignedOut || performance.now() - toldAt < FIGURES_MS) return;
  try {
    const { body } = await call("GET", monitor.dataset.monitor);
    await take(body);
  } catch (error) {
    // Where a whole page came instead, it is the way to sign in.
    isSignedOut = error instanceof Unreachable && error.status === 200;
    if (isSignedOut) stream?.close();
    complain(isSignedOut ? updated.dataset.signedOut : updated.dataset.stale);
  }
}

/** Put in the parts of the page as the server shows it now: stage, acts, chart, board, units. */
async function readPage() {
  if (document.visibilityState === "hidden" || isSignedOut) return;
  try {
    await refresh();
  } catch {
    // The parts stay as they are; the figures say that the server does not answer.
  }
}

function comeBack() {
  if (document.visibilityState === "hidden") stream?.close();
  listen();
  readFigures();
}

listen();
setInterval(readFigures, FIGURES_MS);
setInterval(readPage, PAGE_MS);
setInterval(listen, LISTEN_AGAIN_MS);
document.addEventListener("visibilitychange", comeBack);
