// How long to wait before the next try: doubled each time up to a bound, and spread at random, so that a thousand watchers do not come back
// to a restarted manager in the same millisecond. Main thread.

const FIRST_MS = 50;
const MAX_MS = 2000;

export class Backoff {
  #tries = 0;
  readonly #random: () => number;

  /** @param random in [0, 1) */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds: between half and the whole of the step. */
  next(): number {
    const step = Math.min(FIRST_MS * 2 ** this.#tries, MAX_MS);
    if (step < MAX_MS) this.#tries++;
    return step * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
