// How far this host's clock is from a manager's, so that the time from a manager's "now it is so" to "now it is forwarded" can be told in
// seconds though clocks are wrong by an hour: as NTP does it (RFC 5905 section 8), from the round trip with the least delay. Main thread.

/** Round trips that the best is taken of: those of a minute and a bit. */
const SAMPLES = 32;
/** Two that disagree by more than their delays and this say that one of the clocks was set in between: what was before counts no more. */
const SET_MS = 1000;

interface Sample {
  offsetMs: number;
  delayMs: number;
}

export class ManagerClock {
  readonly #now: () => number;
  #samples: Sample[] = [];

  /** `now`: this host's clock in Unix milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** One round trip: `ask` answers the manager's Unix milliseconds. */
  async sample(ask: () => Promise<number>): Promise<void> {
    const before = this.#now();
    const there = await ask();
    const after = this.#now();
    const sample = { offsetMs: there - (before + after) / 2, delayMs: after - before };
    const agrees = ({ offsetMs, delayMs }: Sample) => Math.abs(offsetMs - sample.offsetMs) <= (delayMs + sample.delayMs) / 2 + SET_MS;
    this.#samples = [sample, ...this.#samples.filter(agrees)].slice(0, SAMPLES);
  }

  /** Seconds since a time of the manager's; null while nothing is known of its clock. */
  secondsSince(iso: string): number | null {
    if (this.#samples.length === 0) return null;
    const best = this.#samples.reduce((least, sample) => (sample.delayMs < least.delayMs ? sample : least));
    return Math.max(0, (this.#now() + best.offsetMs - Date.parse(iso)) / 1000);
  }
}
