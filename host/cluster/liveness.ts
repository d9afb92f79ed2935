// "I live": a key on a lease of 4 s that is kept each second, for as long as the agent runs. When the lease has ended (no manager answered for
// that long, or the store is another) it is made anew; nothing else depends on it. Main thread.

import { aliveKey } from "../model/cluster/keys.ts";
import { ALIVE_KEEP_MS, ALIVE_TTL_SECONDS, type AliveRecord } from "../model/cluster/records.ts";
import { type Store, StoreError } from "../model/cluster/store.ts";
import { messageOf } from "../model/errors.ts";
import type { Clock } from "./clock.ts";

export interface LivenessOptions {
  store: Pick<Store, "grantLease" | "keepLease" | "commit">;
  nodeId: string;
  incarnation: number;
  clock: Clock;
  /** A lease was made: at the start, and each time that the one before had ended. */
  onAlive?(): void;
  /** Once, when the cluster can no longer be told; `onAlive` or `onKept` says that it can again. */
  onFailure?(message: string): void;
  onKept?(): void;
}

export class Liveness {
  readonly #options: LivenessOptions;
  #lease: string | null = null;
  #beating = false;
  #failing = false;
  #stopped = false;
  #cancel: () => void;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#cancel = options.clock.after(0, () => this.#beat());
  }

  /** The lease runs out by itself, unless a successor of this agent takes the key over first. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #beat(): Promise<void> {
    this.#cancel = this.#options.clock.after(ALIVE_KEEP_MS, () => this.#beat());
    if (this.#beating) return; // the store's deadline ends it
    this.#beating = true;
    try {
      if (this.#lease !== null && !(await this.#keep(this.#lease))) this.#lease = null;
      if (this.#lease === null) await this.#begin();
      if (this.#failing && !this.#stopped) this.#options.onKept?.();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing && !this.#stopped) this.#options.onFailure?.(messageOf(error));
      this.#failing = true;
    }
    this.#beating = false;
  }

  async #begin(): Promise<void> {
    const { store, nodeId, incarnation } = this.#options;
    const { id } = await store.grantLease(ALIVE_TTL_SECONDS);
    const record: AliveRecord = { incarnation };
    if (this.#stopped) return;
    await store.commit([], [{ put: aliveKey(nodeId), value: JSON.stringify(record), lease: id }]);
    this.#lease = id;
    if (!this.#stopped) this.#options.onAlive?.();
  }

  /** Whether the lease still is. */
  async #keep(lease: string): Promise<boolean> {
    try {
      await this.#options.store.keepLease(lease);
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.failure === "not-found") return false;
      throw error;
    }
  }
}
