// The lease that freed addresses rest on. Those freed within a few seconds share one: a thousand containers ending a second would
// otherwise be sixty thousand leases. Main thread.

import { ADDRESS_REST_SECONDS } from "../model/cluster/records.ts";
import { type Store, StoreError } from "../model/cluster/store.ts";

/** An address rests so much longer at most. */
const SHARED_SECONDS = 5;

export interface Rest {
  lease: string;
  /** ISO 8601, for people. */
  until: string;
}

export class RestLease {
  readonly #store: Store;
  readonly #now: () => number;
  #current: { rest: Promise<Rest>; grantedAt: number } | null = null;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** A lease on which an address put now rests at least as long as it shall. */
  take(): Promise<Rest> {
    const now = this.#now();
    // A clock that was set back counts as a long time, too.
    const age = this.#current === null ? -1 : now - this.#current.grantedAt;
    if (this.#current === null || age < 0 || age > SHARED_SECONDS * 1000) this.#current = { rest: this.#grant(now), grantedAt: now };
    return this.#current.rest;
  }

  /** Does `work` with a lease; once more with a new one if that has ended (a clock that stood still). */
  async with<T>(work: (rest: Rest) => Promise<T>): Promise<T> {
    try {
      return await work(await this.take());
    } catch (error) {
      this.#current = null;
      if (!(error instanceof StoreError) || error.failure !== "not-found") throw error;
      return work(await this.take());
    }
  }

  async #grant(now: number): Promise<Rest> {
    const seconds = ADDRESS_REST_SECONDS + SHARED_SECONDS;
    const { id } = await this.#store.grantLease(seconds);
    return { lease: id, until: new Date(now + seconds * 1000).toISOString() };
  }
}
