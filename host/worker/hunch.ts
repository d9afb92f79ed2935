// A guess about traffic that saves a system call while it holds, such as "this TAP had but one frame". It costs little when wrong, so it is
// acted on a few times after each time that it was seen to hold, and now and then otherwise. Used by one worker thread.

/** Times that it is acted on without being looked at again. */
const TRUST = 8;
/** One in so many times it is acted on although it did not hold, to find out. */
const CURIOSITY = 64;

export class Hunch {
  #trust = 0;
  #asked = 0;

  /** Whether to act on it this time. */
  act(): boolean {
    if (this.#trust > 0) {
      this.#trust--;
      return true;
    }
    this.#asked = (this.#asked + 1) % CURIOSITY;
    return this.#asked === 0;
  }

  /** It was seen to hold. */
  held(): void {
    this.#trust = TRUST;
  }
}
