// The wish to begin an attempt: a key that makes a repeated begin return the same attempt, kept until it is handed in.

import { forget, keep, recall } from "../core/keep.js";

const name = (slug) => `quizapp.begin.${slug}`;

/** The key of the attempt that was begun or wished for on this device, or null. */
export function beginKey(slug) {
  return recall(name(slug));
}

/** Keep a key for the next begin, unless one is still in use. */
export function wishToBegin(slug) {
  const kept = beginKey(slug);
  if (kept) return kept;
  // It is told apart from the person's own former ones alone, and live memory keeps it.
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  keep(name(slug), key);
  return key;
}

export function forgetBegin(slug) {
  forget(name(slug));
}
