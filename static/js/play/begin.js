// The wish to begin an attempt: a key that makes a repeated begin return the same attempt, kept until it is handed in.

import { forget, keep, recall } from "../core/keep.js";

/** So long after somebody wished to begin, or was in the queue, the page does it by itself; later it asks first. */
const WISH_MS = 10 * 60_000;
/** An attempt without a limit is gone on with by itself for so long. */
const ATTEMPT_MS = 24 * 3600_000;

const name = (slug) => `quizapp.begin.${slug}`;

/** The key that was wished for or begun with on this device, and until when it is used without asking. */
function kept(slug) {
  const wish = recall(name(slug));
  return typeof wish?.key === "string" ? wish : { key: null, until: 0 };
}

/**
 * Whether this device is to begin, or to go on, without being asked. A tab that comes back days later is not: the
 * attempt it began is over, and a new one would be used up without anybody having wished for it.
 */
export function isWished(slug) {
  return kept(slug).until > Date.now();
}

/** Keep a key for the next begin, unless one is still in use; returns it. */
export function wishToBegin(slug) {
  // It is told apart from the person's own former ones alone, and live memory keeps it.
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const key = kept(slug).key ?? [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  keep(name(slug), { key, until: Date.now() + WISH_MS });
  return key;
}

/** An attempt was begun with the key; `remaining` in milliseconds, null without a limit. */
export function keepBegun(slug, remaining) {
  keep(name(slug), { key: kept(slug).key, until: Date.now() + (remaining ?? ATTEMPT_MS) + WISH_MS });
}

export function forgetBegin(slug) {
  forget(name(slug));
}
