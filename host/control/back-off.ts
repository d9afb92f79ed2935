// When something that was refused is tried again: soon at first, then less and less often, and soon again once it has gone well for long. Main thread.

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

export class BackOff {
  /** It was refused, and is not to be tried yet. */
  waiting = false;
  #waitMs = 0;
  #since = Number.NEGATIVE_INFINITY;

  /** It was refused at `now`; answers after how many milliseconds it is tried again. */
  refused(now: number): number {
    const wentWell = now - this.#since >= LONGEST_MS;
    this.#waitMs = wentWell ? FIRST_MS : Math.min(2 * this.#waitMs, LONGEST_MS);
    this.#begin(now, true);
    return this.#waitMs;
  }

  /** Whether it is to be tried now; true once. */
  over(now: number): boolean {
    if (!this.waiting || now - this.#since < this.#waitMs) return false;
    this.#begin(now, false);
    return true;
  }

  #begin(now: number, waiting: boolean): void {
    this.waiting = waiting;
    this.#since = now;
  }
}
