// What a node says of its host, in the store, written when it changes; tried again for as long as it takes. Main thread.

import { reportKey } from "../model/cluster/keys.ts";
import type { ReportRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { messageOf } from "../model/errors.ts";
import type { Clock } from "./clock.ts";

/** Between tries. */
const AGAIN_MS = 2000;

export interface ReporterOptions {
  store: Pick<Store, "commit">;
  nodeId: string;
  clock: Clock;
  /** The first of several in a row. */
  onFailure?(message: string): void;
}

export class Reporter {
  readonly #options: ReporterOptions;
  #wanted: string | null = null;
  #written: string | null = null;
  #writing = false;
  #failing = false;
  #stopped = false;
  #cancel = () => {};

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** This is how it is now. */
  say(report: ReportRecord): void {
    this.#wanted = JSON.stringify(report);
    this.#write();
  }

  /** The store may have lost it, e.g. since it was restored. */
  again(): void {
    this.#written = null;
    this.#write();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#cancel();
    this.#writing = true;
    while (!this.#stopped && this.#wanted !== null && this.#wanted !== this.#written) {
      const value = this.#wanted;
      try {
        // Before the answer: whoever says "again" meanwhile means it.
        this.#written = value;
        await this.#options.store.commit([], [{ put: reportKey(this.#options.nodeId), value }]);
        this.#failing = false;
      } catch (error) {
        this.#written = null;
        if (!this.#failing) this.#options.onFailure?.(messageOf(error));
        this.#failing = true;
        this.#cancel = this.#options.clock.after(AGAIN_MS, () => this.#write());
        break;
      }
    }
    this.#writing = false;
  }
}
