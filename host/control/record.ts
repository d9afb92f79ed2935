// What the metrics tell of the control plane: drift, corrections, failures, how long things take. Main thread.

import type { ControlView } from "../model/view.ts";
import { Histogram } from "./histogram.ts";

/** In seconds: from what nobody notices to what everybody does. */
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

export class ControlRecord {
  readonly #reconciles = new Histogram(SECONDS);
  readonly #convergences = new Histogram(SECONDS);
  #drift = 0;
  #corrections = 0;

  reconciled(drift: number, corrections: number, seconds: number): void {
    this.#drift = drift;
    this.#corrections += corrections;
    this.#reconciles.observe(seconds);
  }

  /** From the moment that something was written to the cluster's state to the moment that the workers go by it. */
  converged(seconds: number): void {
    this.#convergences.observe(seconds);
  }

  /** `failures`: what is wanted and could not be done. */
  view(failures: number): ControlView {
    return {
      drift: this.#drift,
      corrections: this.#corrections,
      failures,
      reconciles: this.#reconciles.view(),
      convergences: this.#convergences.view(),
    };
  }
}
