// A histogram of durations, as the metrics show it. Main thread.

import type { HistogramView } from "../model/view.ts";

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** Upper bounds of the buckets, in seconds, ascending; one more bucket is above the last. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array(bounds.length + 1).fill(0);
  }

  observe(seconds: number): void {
    const bucket = this.#bounds.findIndex((bound) => seconds <= bound);
    this.#counts[bucket === -1 ? this.#bounds.length : bucket]++;
    this.#sum += seconds;
  }

  view(): HistogramView {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
