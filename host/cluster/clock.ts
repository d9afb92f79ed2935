// Time as this room's schedules know it, so that tests can pass it in. Main thread.

export interface Clock {
  /** Milliseconds since 1970, by the host's clock: it may be wrong, and may jump. */
  now(): number;
  /** Runs once, so many milliseconds from now; the answer calls it off. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
