// The house's last hour: every part of the page anew every few seconds.

import { refresh } from "../core/refresh.js";

const EVERY_MS = 15_000;
const updated = document.querySelector("[data-updated]");

async function look() {
  if (document.visibilityState === "hidden") return;
  const isFresh = await refresh().catch(() => false);
  updated.classList.toggle("is-stale", !isFresh);
  if (!isFresh) updated.firstElementChild.textContent = updated.dataset.stale;
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
