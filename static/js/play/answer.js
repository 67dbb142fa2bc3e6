// The page on which a paper is answered: begin or wait, one question a screen, hand in.

import { call, pauseBefore, Refused, sleep } from "../core/api.js";
import { isLasting } from "../core/keep.js";
import { hasText, listed, text } from "../core/text.js";
import { Answers, forgetAnswers } from "./answers.js";
import { forgetBegin, isWished, keepBegun, wishToBegin } from "./begin.js";
import { Clock, clockText } from "./clock.js";
import { secondLanguage, wireLanguages } from "./languages.js";
import { sides } from "./matching.js";
import { fetchPictures, nameOf } from "./parts.js";
import { renderQuestion } from "./question.js";
import { canRead, readAloud, stopReading } from "./reading.js";
import { isBegun } from "./replies.js";
import { isPaused, Sender, TimeLeft } from "./sender.js";
import { closeDialog, openDialog, renderDots, renderSquares, wireDialog } from "./sheet.js";

const NEAR_MS = 60_000;
const SPREAD_MS = 3000;
const SWIPE_PIXELS = 70;
const FRESH_MS = 60_000;
const RENEW_MS = 60_000;

const page = document.querySelector("[data-play]");
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const { slug, resultUrl, entryUrl } = page.dataset;
const isAtOnce = page.dataset.atOnce === "yes";
const { title } = document;
/** The oldest browsers that can read these scripts lack it (Android's WebView 84 and 85). */
const isTooOld = !Element.prototype.replaceChildren;

/** The sentence called `name`, which promises that answers stay on this phone, or the one for where they cannot. */
const promise = (name) => text(isLasting() ? name : `${name}-open`);

/** Show one of the screens: start, connecting, waiting, refused, too-old, question, late. */
function showScreen(name) {
  for (const screen of page.querySelectorAll("[data-screen]")) screen.hidden = screen.dataset.screen !== name;
  for (const bar of page.querySelectorAll("[data-bar]")) bar.hidden = name !== "question";
}

function showRefusal(sentence) {
  document.title = title;
  part("refusal").textContent = sentence;
  showScreen("refused");
}

/** Begin, or come back to the open attempt; waits in the queue and through outages. Null when there is no paper. */
async function begin() {
  showScreen("connecting");
  for (let failures = 0; ; ) {
    const key = wishToBegin(slug);
    try {
      const { status, body } = await call("POST", `/api/v1/contests/${slug}/attempts`, { body: {}, key, isOurs: isBegun });
      if (status !== 202) {
        if (document.title !== title) navigator.vibrate?.(200);
        document.title = title;
        if (body.state === "finished") return leaveTo(body.attempt, body.stored);
        keepBegun(slug, body.remaining_ms);
        return body;
      }
      failures = 0;
      showWait(body);
      await sleep(1000 * body.retry_after * (1 + Math.random() * 0.2));
    } catch (error) {
      if (error instanceof Refused && !error.mayRetry) return refuseBegin(error);
      part("connecting").textContent = error instanceof Refused ? error.message : promise("connecting-again");
      await sleep(pauseBefore(failures, error.retryAfterMs));
      failures += 1;
    }
    if (!isWished(slug)) return askAgain();
  }
}

/** The phone has slept for long: whether to begin still is for the person to say. */
function askAgain() {
  document.title = title;
  showScreen("start");
  return null;
}

/** Show the place in the queue and the wait that is expected, also in the title, for who looks at another page. */
function showWait({ place, expected_seconds: seconds }) {
  part("place").textContent = String(place);
  const minutes = Math.ceil(seconds / 60);
  if (seconds === null) part("expected").textContent = text("wait-unknown");
  else part("expected").textContent = minutes <= 1 ? text("wait-soon") : text("wait-minutes", { minutes });
  document.title = text("wait-title", { place });
  showScreen("waiting");
}

function refuseBegin(error) {
  forgetBegin(slug);
  if (error.status === 401) location.replace(entryUrl);
  else showRefusal(error.message);
  return null;
}

/**
 * Go to the result of an attempt that has ended, or first say how many answers came too late for it: of those that are
 * not known to be saved the ones that are not among `stored`.
 */
function leaveTo(attempt, stored) {
  forgetBegin(slug);
  const count = forgetAnswers(attempt, stored);
  part("result").href = resultUrl.replace("ATTEMPT", encodeURIComponent(attempt));
  part("late").textContent = text("late", { count });
  if (count > 0) showScreen("late");
  else location.replace(part("result").href);
  return null;
}

class Paper {
  #attempt;
  #questions;
  #answers;
  #clock = new Clock();
  #sender;
  #shownAt = Date.now();
  #openedAt = Date.now();
  #isEnding = false;
  #hasLeft = false;
  #isPaused = false;
  #folds = new Map();

  constructor(body) {
    this.#attempt = body.attempt;
    this.#questions = body.questions;
    this.#answers = new Answers(body.attempt, body.questions);
    this.#answers.merge(body.stored ?? []);
    this.#answers.setVoided(body.voided);
    this.#clock.sync(body.remaining_ms);
    this.#sender = new Sender({
      answers: this.#answers,
      clock: this.#clock,
      attempt: body.attempt,
      token: body.token,
      on: {
        state: (state) => this.#showSaved(state),
        acknowledged: (result) => this.#acknowledged(result),
        ended: () => this.#leave(),
        refused: (error) => this.#refused(error),
        paused: (error) => this.#sayPaused(error),
        asking: () => this.#showEnding(text("asking-again")),
        waiting: (error) => this.#showEnding(error instanceof Refused ? error.message : promise("handing-in-again")),
      },
    });
    this.#wire();
    showScreen("question");
    this.#show(this.#answers.place, { focus: true });
    this.#tick();
    setInterval(() => this.#tick(), 500);
    if (this.#answers.isFinishing) this.#finish();
    else this.#sender.now();
  }

  get #question() {
    return this.#questions[this.#answers.place];
  }

  get #isLast() {
    return this.#answers.place === this.#questions.length - 1;
  }

  #number(id) {
    return this.#questions.findIndex((question) => question.id === id) + 1;
  }

  // Showing

  #show(place, { focus = false, stays = false } = {}) {
    stopReading();
    this.#spend();
    if (place !== this.#answers.place) this.#answers.see(this.#question.id);
    this.#answers.goTo(place);
    const question = this.#question;
    const parts = renderQuestion({
      questions: this.#questions,
      place,
      item: this.#answers.item(question.id),
      isVoid: this.#answers.isVoid(question.id),
      response: this.#answers.response(question.id),
      language: secondLanguage(),
      folds: this.#folds,
      onChange: (response) => this.#choose(response),
    });
    part("question").replaceChildren(...parts);
    part("number").textContent = String(place + 1);
    part("progress").value = place + 1;
    this.#tell();
    if (!stays) window.scrollTo(0, 0);
    fetchPictures(this.#questions[place + 1]);
    if (focus) document.getElementById("stem").focus({ preventScroll: true });
  }

  /** Bring everything around the question up to date. */
  #tell() {
    const { id } = this.#question;
    const isMarked = this.#answers.isMarked(id);
    part("mark").setAttribute("aria-pressed", String(isMarked));
    part("clear").hidden = !this.#answers.isAnswered(id) || Boolean(this.#answers.item(id)?.verdict);
    part("previous").disabled = this.#answers.place === 0;
    part("next").textContent = text(this.#nextStep());
    renderDots({ button: part("sheet-button"), questions: this.#questions, answers: this.#answers });
    this.#tellElsewhere();
    const refused = this.#answers.item(id)?.refused;
    if (refused) this.#sayRefused(id, refused);
  }

  /** Say which answers another device changed, until the person has looked at each. */
  #tellElsewhere() {
    const numbers = this.#answers.elsewhere.map((question) => this.#number(question));
    part("elsewhere").hidden = numbers.length === 0;
    if (numbers.length === 0) return;
    const sentence = text("elsewhere", { numbers: listed(numbers) });
    if (part("elsewhere").textContent !== sentence) part("elsewhere").textContent = sentence;
  }

  #nextStep() {
    const { id } = this.#question;
    if (isAtOnce && this.#answers.item(id)?.draft && this.#answers.isAnswered(id)) return "give";
    return this.#isLast ? "hand-in" : "next";
  }

  #say(sentence, tone = "warn") {
    const notice = part("notice");
    notice.className = `notice notice-${tone}`;
    notice.textContent = sentence;
    notice.hidden = sentence === "";
  }

  #sayPaused(error) {
    this.#isPaused = true;
    this.#say(error.message);
  }

  #sayRefused(question, code) {
    const name = hasText(`refused-${code}`) ? `refused-${code}` : "refused";
    this.#say(text(name, { number: this.#number(question) }), "bad");
  }

  #showSaved(state) {
    const unsaved = this.#answers.unsaved.length;
    const saved = part("saved");
    const sentence = text(`saved-${state}`, { count: unsaved });
    if (saved.textContent !== sentence) saved.textContent = sentence;
    saved.dataset.state = state;
    part("offline").hidden = state !== "unsaved";
    part("offline").textContent = promise("offline");
    if (part("sheet").hasAttribute("open")) this.#renderSheet();
  }

  #tick() {
    const clock = part("clock");
    clock.hidden = !this.#clock.hasDeadline;
    if (clock.hidden) return;
    const remaining = this.#clock.remainingMs;
    clock.textContent = clockText(remaining);
    clock.toggleAttribute("data-near", remaining < NEAR_MS);
    if (remaining < NEAR_MS && part("last-minute").textContent === "") {
      part("last-minute").textContent = text("last-minute");
    }
    if (remaining === 0) this.#timeIsUp();
  }

  // Answering

  #choose(response) {
    const { id } = this.#question;
    this.#say("");
    this.#answers.choose(id, response, { asDraft: isAtOnce });
    this.#spend();
    this.#tell();
    if (!isAtOnce) this.#sender.changed();
  }

  #clear() {
    this.#choose([]);
    this.#show(this.#answers.place, { stays: true });
  }

  /** Count the time that the question was on the screen. */
  #spend() {
    const now = Date.now();
    this.#answers.spend(this.#question.id, Math.max(0, now - this.#shownAt));
    this.#shownAt = now;
  }

  #acknowledged({ lost, refused, judged, voided }) {
    const { id } = this.#question;
    if (this.#isPaused) this.#say("");
    this.#isPaused = false;
    if ([...lost, ...judged, ...voided].includes(id)) this.#show(this.#answers.place);
    if (voided.length > 0) this.#say(text("voided", { number: this.#number(voided[0]) }));
    if (refused.length > 0) this.#sayRefused(refused[0].question, refused[0].code);
    this.#tell();
  }

  /** A refusal of the whole call: the token may be out of date, so begin again, which returns the same attempt. */
  #refused(error) {
    const isOld = Date.now() - this.#openedAt > RENEW_MS;
    if (error.status === 401 && isOld) location.reload();
    else this.#say(error.message, "bad");
  }

  // Moving

  #next() {
    if (this.#nextStep() === "give") {
      this.#answers.give(this.#question.id);
      this.#sender.changed();
      this.#sender.now();
    } else if (this.#isLast) this.#askToHandIn();
    else this.#go(1);
  }

  #go(step) {
    const place = this.#answers.place + step;
    if (place < 0 || place >= this.#questions.length) return;
    this.#say("");
    this.#show(place, { focus: true });
  }

  #wire() {
    part("total").textContent = String(this.#questions.length);
    part("progress").max = this.#questions.length;
    part("previous").addEventListener("click", () => this.#go(-1));
    part("next").addEventListener("click", () => this.#next());
    part("clear").addEventListener("click", () => this.#clear());
    part("mark").addEventListener("click", () => {
      this.#answers.toggleMark(this.#question.id);
      this.#tell();
    });
    part("sheet-button").addEventListener("click", () => {
      this.#renderSheet();
      openDialog(part("sheet"));
    });
    part("read").hidden = !canRead();
    part("read").addEventListener("click", () => this.#read());
    part("hand-in").addEventListener("click", () => this.#askToHandIn());
    part("hand-in-now").addEventListener("click", () => this.#finish());
    for (const name of ["sheet", "confirm"]) wireDialog(part(name));
    wireLanguages(() => this.#show(this.#answers.place, { stays: true }));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#wireSwipe();
  }

  #onKey(event) {
    if (page.querySelector("dialog[open]") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.matches?.('input[type="text"], audio')) return;
    const digit = "123456789".indexOf(event.key);
    const letter = event.key.length === 1 ? "abcdef".indexOf(event.key.toLowerCase()) : -1;
    if (event.key === "ArrowRight") this.#go(1);
    else if (event.key === "ArrowLeft") this.#go(-1);
    else if (digit >= 0) part("question").querySelector(`[data-place="${digit}"]`)?.click();
    else if (letter >= 0) part("question").querySelector(`[data-place="${letter}"]`)?.click();
    else return;
    event.preventDefault();
  }

  #wireSwipe() {
    let from = null;
    const area = part("question");
    area.addEventListener(
      "touchstart",
      (event) => {
        // What moves by itself under the finger: the zoomed page, and further languages that run from top to bottom.
        const isZoomed = window.visualViewport?.scale > 1;
        const isPlain = event.touches.length === 1 && !event.target.closest("audio, .order-row .letter, .also");
        from = isPlain && !isZoomed ? event.touches[0] : null;
      },
      { passive: true },
    );
    area.addEventListener(
      "touchend",
      (event) => {
        if (!from || page.querySelector("dialog[open]")) return;
        const across = event.changedTouches[0].clientX - from.clientX;
        const down = event.changedTouches[0].clientY - from.clientY;
        if (Math.abs(across) > SWIPE_PIXELS && Math.abs(down) < Math.abs(across) / 2) this.#go(across < 0 ? 1 : -1);
      },
      { passive: true },
    );
  }

  #read() {
    const question = this.#question;
    const isFolded = part("question").querySelector(".passage")?.open === false;
    const words = [isFolded ? "" : question.passage, question.stem, ...optionWords(question)];
    readAloud(words.filter(Boolean).join("。"));
  }

  #renderSheet() {
    renderSquares({
      list: part("squares"),
      questions: this.#questions,
      answers: this.#answers,
      onOpen: (place) => {
        closeDialog(part("sheet"));
        this.#show(place, { focus: true });
      },
    });
  }

  // Handing in

  #askToHandIn() {
    closeDialog(part("sheet"));
    const facts = [
      ["open", this.#answers.open],
      ["marked", this.#answers.marked],
      ["unsaved", this.#answers.unsaved],
    ].filter(([_name, list]) => list.length > 0);
    const sentences = facts.map(([name, list]) => text(`confirm-${name}`, { count: list.length }));
    part("confirm-text").textContent = sentences.length > 0 ? sentences.join(" ") : text("confirm-all");
    openDialog(part("confirm"));
  }

  /**
   * At zero: hand in, spread over some seconds so that not all phones come at once. A phone that has slept
   * does not know whether it is zero.
   */
  async #timeIsUp() {
    if (this.#isEnding || this.#hasLeft) return;
    this.#isEnding = true;
    this.#showEnding(text(this.#clock.ageMs > FRESH_MS ? "checking-time" : "time-up"));
    await sleep(Math.random() * SPREAD_MS);
    this.#isEnding = false;
    this.#finish({ isTimeUp: true });
  }

  async #finish({ isTimeUp = false } = {}) {
    if (this.#isEnding || this.#hasLeft) return;
    this.#isEnding = true;
    this.#spend();
    if (!isTimeUp) {
      this.#answers.startFinishing();
      this.#showEnding(text("handing-in"));
    }
    try {
      await this.#sender.finish({ isTimeUp });
      this.#leave();
    } catch (error) {
      this.#answers.stopFinishing();
      if (error instanceof TimeLeft || (isTimeUp && isPaused(error))) this.#goOn(error);
      else showRefusal(error.message);
    }
  }

  /** Back to the paper: there is time left, or the contest is paused and time stands still. */
  #goOn(error) {
    this.#isEnding = false;
    this.#sender.goOn({ isPaused: isPaused(error) });
    showScreen("question");
    if (isPaused(error)) this.#sayPaused(error);
  }

  #showEnding(sentence) {
    for (const dialog of page.querySelectorAll("dialog")) closeDialog(dialog);
    part("connecting").textContent = sentence;
    part("slow").hidden = true;
    showScreen("connecting");
  }

  async #leave() {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    let stored = [];
    if (this.#answers.toSend().length > 0) {
      this.#showEnding(text("asking"));
      stored = await this.#sender.storedAtEnd();
    }
    leaveTo(this.#attempt, stored);
  }
}

/** What is to be read aloud of the options. */
function optionWords(question) {
  const options = question.kind === "matching" ? sides(question.options).flat() : question.options;
  const hasKeys = !["ordering", "true_false"].includes(question.kind);
  return options.map((option) => `${hasKeys ? `${option.key}，` : ""}${nameOf(question, option)}`);
}

async function start() {
  const body = await begin();
  if (body) new Paper(body);
}

part("start").addEventListener("click", start);
part("again").addEventListener("click", () => {
  wishToBegin(slug);
  location.reload();
});
if (isTooOld) showScreen("too-old");
else if (isWished(slug)) start();
else showScreen("start");
