// Time left by the server's clock. It follows the wall clock, so that it is right after the phone slept,
// and is set again by every reply.

export class Clock {
  #endsAt = null;
  #syncedAt = 0;
  #heldMs = null;

  /** Take over the server's word; null: no deadline. */
  sync(remainingMs) {
    this.#syncedAt = Date.now();
    this.#heldMs = null;
    this.#endsAt = remainingMs === null || remainingMs === undefined ? null : this.#syncedAt + remainingMs;
  }

  /**
   * Stand still until the next sync: the contest is paused, and its time with it.
   * Where none was left by this clock, the server alone knows how much there will be.
   */
  hold() {
    if (this.#heldMs !== null || !this.hasDeadline) return;
    if (this.remainingMs > 0) this.#heldMs = this.remainingMs;
    else this.#endsAt = null;
  }

  get hasDeadline() {
    return this.#endsAt !== null;
  }

  get remainingMs() {
    if (this.#heldMs !== null) return this.#heldMs;
    return this.#endsAt === null ? Number.POSITIVE_INFINITY : Math.max(0, this.#endsAt - Date.now());
  }

  /** How long ago the server was heard. */
  get ageMs() {
    return Math.abs(Date.now() - this.#syncedAt);
  }
}

const two = (number) => String(number).padStart(2, "0");

/** 05:32, or 1:05:32 from an hour on. */
export function clockText(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = two(Math.floor(seconds / 60) % 60);
  return hours ? `${hours}:${minutes}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
