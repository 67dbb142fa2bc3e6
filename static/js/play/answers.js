// The answers of one attempt on this device: each is kept until the server has acknowledged it.
//
// An item: {response, seq, spent, saved, refused?, draft?, verdict?}
//   seq      raised with every change; the server takes only newer ones
//   spent    milliseconds that the question was on the screen
//   saved    the server has acknowledged this very seq
//   elsewhere  replaced by a newer answer from another device, and the person has not seen that yet
//   refused  the server's code for why it will not take this response; not sent again until it changes
//   draft    chosen but not yet given (feedback at once locks an answer, so it is given by a button)

import { forget, keep, recall } from "../core/keep.js";

const nameFor = (attempt) => `quizapp.answers.${attempt}`;

export class Answers {
  #name;
  #questions;
  #items = {};
  #marked = [];
  #voided = new Set();
  place = 0;
  isFinishing = false;

  constructor(attempt, questions) {
    this.#name = nameFor(attempt);
    this.#questions = questions;
    const kept = recall(this.#name);
    if (kept) {
      this.#items = kept.items;
      this.#marked = kept.marked;
      this.place = Math.min(kept.place, questions.length - 1);
      this.isFinishing = kept.isFinishing;
    }
  }

  /** Take over which questions were voided; returns those that this page did not know of. */
  setVoided(questions = []) {
    const fresh = questions.filter((question) => !this.#voided.has(question));
    this.#voided = new Set(questions);
    return fresh;
  }

  isVoid(question) {
    return this.#voided.has(question);
  }

  /** Take over what the server has, also where a kept answer loses against a newer one. */
  merge(stored) {
    for (const { question, response, seq, ...rest } of stored) {
      const own = this.#items[question];
      const differs = own && !isSame(own.response, response);
      if (differs && own.seq > seq) {
        own.saved = false;
        continue;
      }
      this.#items[question] = {
        response,
        seq: Math.max(seq, own?.seq ?? 0),
        spent: own?.spent ?? 0,
        saved: true,
        elsewhere: Boolean(own?.elsewhere || (differs && !own.saved)),
        verdict: verdictOf(rest) ?? own?.verdict,
      };
    }
    const known = new Set(stored.map(({ question }) => String(question)));
    for (const [question, own] of Object.entries(this.#items)) {
      if (!known.has(question) && own.seq > 0) own.saved = false;
    }
    this.#keep();
  }

  /** Change an answer; as a draft it stays on this device until it is given. */
  choose(question, response, { asDraft = false } = {}) {
    const own = this.#items[question] ?? { response: [], seq: 0, spent: 0, saved: true };
    if (own.verdict) return;
    if (asDraft) own.draft = response;
    else Object.assign(own, { response, seq: own.seq + 1, saved: false, refused: undefined, draft: undefined });
    own.elsewhere = false;
    this.#items[question] = own;
    this.#keep();
  }

  /** Give the draft of a question; false when there is none. */
  give(question) {
    const draft = this.#items[question]?.draft;
    if (!draft || isEmpty(draft)) return false;
    this.choose(question, draft);
    return true;
  }

  giveAllDrafts() {
    for (const { id } of this.#questions) this.give(id);
  }

  spend(question, milliseconds) {
    const own = this.#items[question];
    if (own) own.spent += Math.round(milliseconds);
  }

  /** What the server said to the answers `sent`; returns {lost, refused, judged, voided}: questions to tell about. */
  acknowledge(sent, { stored = [], rejected = [], voided }) {
    const result = { lost: [], refused: [], judged: [], voided: this.setVoided(voided) };
    const seqSent = new Map(sent.map(({ question, seq }) => [question, seq]));
    for (const { question, seq, conflict, response, ...rest } of stored) {
      const own = this.#items[question];
      if (!own) continue;
      const isSent = own.seq === seqSent.get(question);
      // Changed since: it is newer than what is stored, so its number must be higher, and it is sent again.
      own.seq = Math.max(own.seq, isSent ? seq : seq + 1);
      if (isSent) own.saved = true;
      if (isSent && conflict) {
        Object.assign(own, { response, draft: undefined, elsewhere: true });
        result.lost.push(question);
      }
      const verdict = verdictOf(rest);
      if (verdict) {
        own.verdict = verdict;
        result.judged.push(question);
      }
    }
    for (const { question, code } of rejected) {
      const own = this.#items[question];
      if (!own || own.seq !== seqSent.get(question)) continue;
      own.refused = code;
      result.refused.push({ question, code });
    }
    this.#keep();
    return result;
  }

  item(question) {
    return this.#items[question] ?? null;
  }

  /** The response shown: the draft where there is one. */
  response(question) {
    const own = this.#items[question];
    return own?.draft ?? own?.response ?? [];
  }

  isAnswered(question) {
    return !isEmpty(this.response(question));
  }

  isUnsaved(question) {
    const own = this.#items[question];
    return Boolean(own && !own.saved);
  }

  get unsaved() {
    return this.#questions.filter(({ id }) => this.isUnsaved(id)).map(({ id }) => id);
  }

  get open() {
    return this.#questions.filter(({ id }) => !this.isAnswered(id)).map(({ id }) => id);
  }

  get marked() {
    return this.#questions.filter(({ id }) => this.isMarked(id)).map(({ id }) => id);
  }

  /** The questions that another device changed and that were not seen since. */
  get elsewhere() {
    return this.#questions.filter(({ id }) => this.#items[id]?.elsewhere).map(({ id }) => id);
  }

  /** The person has looked at a question. */
  see(question) {
    if (this.#items[question]) this.#items[question].elsewhere = false;
  }

  isMarked(question) {
    return this.#marked.includes(question);
  }

  toggleMark(question) {
    this.#marked = this.isMarked(question) ? this.#marked.filter((id) => id !== question) : [...this.#marked, question];
    this.#keep();
  }

  /** The answers to send: those not acknowledged, or with `all` the whole sheet. */
  toSend({ all = false } = {}) {
    return this.#questions
      .map(({ id }) => ({ id, own: this.#items[id] }))
      .filter(({ own }) => own && own.seq > 0 && (all || isUnsent(own)))
      .map(({ id, own }) => ({ question: id, response: own.response, seq: own.seq, spent_ms: own.spent }));
  }

  goTo(place) {
    this.place = place;
    this.#keep();
  }

  /** Remember over a reload that the person wished to hand in; because time is up is no wish. */
  startFinishing() {
    this.isFinishing = true;
    this.#keep();
  }

  stopFinishing() {
    this.isFinishing = false;
    this.#keep();
  }

  #keep() {
    const { place, isFinishing } = this;
    keep(this.#name, { items: this.#items, marked: this.#marked, place, isFinishing });
  }
}

/**
 * Forget the answers of an attempt that has ended; returns how many did not reach the server by then. `stored` are those
 * that it has, be it that its reply was lost.
 */
export function forgetAnswers(attempt, stored) {
  const items = Object.entries(recall(nameFor(attempt))?.items ?? {});
  forget(nameFor(attempt));
  const kept = new Map(stored.map((one) => [String(one.question), one]));
  return items.filter(([question, own]) => isLate(own, kept.get(question))).length;
}

function isLate(own, stored) {
  if (!isEmpty(own.draft ?? [])) return true;
  return isUnsent(own) && !(stored && (stored.seq >= own.seq || isSame(own.response, stored.response)));
}

/** Whether an answer is still to be sent. */
function isUnsent({ seq, saved, refused }) {
  return seq > 0 && !saved && !refused;
}

function verdictOf({ locked, right, key, explanation, basis, media, translations }) {
  return locked ? { right, key, explanation, basis, media, translations } : undefined;
}

/** Whether a list of choices, an order, texts of blanks or an object of pairs says nothing. */
function isEmpty(response) {
  return Object.values(response).every((part) => part === "");
}

function isSame(one, other) {
  return (isEmpty(one) && isEmpty(other)) || JSON.stringify(one) === JSON.stringify(other);
}
