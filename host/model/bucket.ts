// A token bucket: so many a second, and so many at once. Pure.

const SECOND_MS = 1000;

export class Bucket {
  readonly #perSecond: number;
  readonly #most: number;
  #tokens: number;
  #at = 0;

  constructor(perSecond: number, most: number) {
    this.#perSecond = perSecond;
    this.#most = most;
    this.#tokens = most;
  }

  /** Takes so many, if there are so many; `now` in ms of a clock that never goes back. */
  take(now: number, tokens = 1): boolean {
    const elapsed = Math.max(0, now - this.#at);
    this.#tokens = Math.min(this.#most, this.#tokens + (elapsed / SECOND_MS) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }
}
