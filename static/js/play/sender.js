// Carries answers to the server: one call at a time, again until acknowledged, with a heartbeat in quiet times.

import { call, pauseBefore, Refused, Unreachable } from "../core/api.js";
import { isResult, isTaken } from "./replies.js";

const GATHER_MS = 500;
const HEARTBEAT_MS = 30_000;

/** The time is not up: by the server's clock there is some left. */
export class TimeLeft extends Error {}

export class Sender {
  #answers;
  #clock;
  #attempt;
  #token;
  #on;
  #timer = 0;
  #failures = 0;
  #isSending = false;
  #isStopped = false;

  /**
   * `on` are the page's ears: state("saved" | "saving" | "unsaved"), acknowledged(result),
   * ended() when the server says that the attempt is over, paused(error) while the contest stands still,
   * refused(error) for a refusal that trying again will not change, waiting(error) while handing in fails,
   * asking(error) while it cannot be told what had come in time.
   */
  constructor({ answers, clock, attempt, token, on }) {
    this.#answers = answers;
    this.#clock = clock;
    this.#attempt = attempt;
    this.#token = token;
    this.#on = on;
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => this.now({ leaving: document.visibilityState === "hidden" }));
    addEventListener("pagehide", () => this.now({ leaving: true }));
    this.#schedule(HEARTBEAT_MS);
  }

  /** An answer changed: send soon, together with what follows at once. */
  changed() {
    this.#report();
    if (this.#failures === 0) this.#schedule(GATHER_MS);
  }

  /** Send at once; also the way to ask the server for the time left. */
  async now({ leaving = false } = {}) {
    if (this.#isStopped || this.#isSending) return;
    const sent = this.#answers.toSend();
    if (leaving && sent.length === 0) return;
    this.#isSending = true;
    this.#report();
    let pause = HEARTBEAT_MS;
    try {
      const { body } = await this.#put(sent, leaving);
      if (this.#isStopped) return;
      this.#failures = 0;
      this.#take(sent, body);
      if (this.#answers.toSend().length > 0) pause = GATHER_MS;
    } catch (error) {
      if (!this.#isStopped) pause = this.#failed(error);
    } finally {
      this.#isSending = false;
      this.#report();
      this.#schedule(pause);
    }
  }

  /**
   * Hand in the whole sheet, again until the server answers; resolves to its result, or null when it had ended before.
   * Because time is up (`isTimeUp`) it is handed in only when the server says so too, asked before every try, as this
   * phone may have slept through an extension: throws TimeLeft, or the refusal during a pause, when time stands still.
   */
  async finish({ isTimeUp = false } = {}) {
    this.stop();
    for (let failures = 0; ; failures += 1) {
      try {
        if (isTimeUp) await this.#mustBeUp();
        this.#answers.giveAllDrafts();
        // Sent before, so that it is known of each whether it came in time.
        if (this.#answers.toSend().length > 0) await this.#sendAll();
        const answers = this.#answers.toSend({ all: true });
        return await this.#ask("POST", "/finish", { body: { answers } });
      } catch (error) {
        if (isEnded(error)) return null;
        if (error instanceof TimeLeft || (error instanceof Refused && !error.mayRetry)) throw error;
        if (isTimeUp && isPaused(error)) throw error;
        this.#on.waiting(error);
        await waitForNetwork(pauseBefore(failures, error.retryAfterMs));
      }
    }
  }

  /**
   * The answers that the server has of an attempt that has ended, asked until it says: the reply to some may have been
   * lost. Of a server that does not tell them, or whose refusal stays, an empty list.
   */
  async storedAtEnd() {
    this.stop();
    for (let failures = 0; ; failures += 1) {
      try {
        return (await this.#ask("GET", "")).stored ?? [];
      } catch (error) {
        if (error instanceof Refused && !error.mayRetry) return [];
        this.#on.asking(error);
        await waitForNetwork(pauseBefore(failures, error.retryAfterMs));
      }
    }
  }

  /** The result of the attempt, by a call of it that returns one. */
  async #ask(method, end, options = {}) {
    const path = `/api/v1/attempts/${this.#attempt}${end}`;
    const isOurs = (body) => isResult(body, this.#attempt);
    return (await call(method, path, { ...options, bearer: this.#token, isOurs })).body;
  }

  async #sendAll() {
    const sent = this.#answers.toSend();
    const { body } = await this.#put(sent, false);
    this.#take(sent, body);
  }

  /** Send what was not acknowledged, and throw TimeLeft when the server says that there is time left. */
  async #mustBeUp() {
    await this.#sendAll();
    if (this.#clock.remainingMs > 0) throw new TimeLeft();
  }

  #take(sent, reply) {
    this.#clock.sync(reply.remaining_ms);
    this.#on.acknowledged(this.#answers.acknowledge(sent, reply));
  }

  /** Go on after a hand-in that was not to be yet; in a pause (`isPaused`) the clock stands still. */
  goOn({ isPaused = false } = {}) {
    this.#isStopped = false;
    if (isPaused) this.#clock.hold();
    this.now();
  }

  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #put(answers, keepalive) {
    const path = `/api/v1/attempts/${this.#attempt}/answers`;
    const isOurs = (body) => isTaken(body, answers);
    return call("PUT", path, { body: { answers }, bearer: this.#token, keepalive, isOurs });
  }

  #failed(error) {
    this.#failures += 1;
    if (isEnded(error)) {
      this.stop();
      this.#on.ended();
      return HEARTBEAT_MS;
    }
    if (isPaused(error)) {
      this.#clock.hold();
      this.#on.paused(error);
    } else if (error instanceof Refused && !error.mayRetry) this.#on.refused(error);
    else if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    return pauseBefore(this.#failures - 1, error.retryAfterMs);
  }

  #report() {
    if (this.#answers.unsaved.length === 0) this.#on.state("saved");
    else this.#on.state(this.#failures > 0 || this.#answers.toSend().length === 0 ? "unsaved" : "saving");
  }

  #schedule(milliseconds) {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => this.now(), milliseconds);
  }
}

/** Whether a refusal says that the attempt is over: handed in (here or elsewhere), or its time is up. */
function isEnded(error) {
  return error instanceof Refused && (error.code === "finished" || error.code === "expired");
}

export function isPaused(error) {
  return error instanceof Refused && error.code === "paused";
}

/** Wait so long, or until the network comes back. */
function waitForNetwork(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    }
    addEventListener("online", done);
  });
}
