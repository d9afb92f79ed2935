// A watch of a simulated process. It hears some time after the store has changed, in order, for as long as its manager is reached; after a gap it goes on
// where it was, and begins anew when that is compacted away, or the store is another one.

import type { Watcher } from "../../../host/model/cluster/store.ts";
import type { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import type { SimClient } from "./client.ts";

/** A connection over which nothing comes is given up after so long, and tried again so often. */
const SILENCE_MS = 3000;
const AGAIN_MS = 400;

export class SimWatch {
  readonly client: SimClient;
  readonly prefix: string;
  readonly #watcher: Watcher;
  #store!: EngineStore;
  #generation = -1;
  #pending = false;
  #busy = false;
  #silentSince: number | null = null;
  #connected: boolean | null = null;
  #closed = false;
  readonly #forget: (() => void)[];

  constructor(client: SimClient, prefix: string, watcher: Watcher) {
    this.client = client;
    this.prefix = prefix;
    const told = (work: () => void | Promise<void>) => {
      try {
        return work();
      } catch (error) {
        client.parts.time.fail(error);
        throw error;
      }
    };
    this.#watcher = {
      onSnapshot: (range) => told(() => watcher.onSnapshot(range)),
      onEvents: (events, revision) => told(() => watcher.onEvents(events, revision)),
    };
    this.#tell = (connected, why) => watcher.onConnection?.(connected, why);
    const { proc, network, watches } = client.parts;
    watches.add(this);
    this.#forget = [proc.onEnd(() => this.close()), network.onChange(() => this.soon())];
    this.soon();
  }

  readonly #tell: (connected: boolean, why: string) => void;

  close(): void {
    this.#closed = true;
    this.client.parts.watches.delete(this);
    for (const forget of this.#forget) forget();
    this.#store?.close();
  }

  /** There may be something to tell. */
  soon(ms = this.client.parts.network.delay()): void {
    if (this.#pending || this.#closed) return;
    this.#pending = true;
    this.client.parts.time.after(ms, () => {
      this.#pending = false;
      void this.#hear();
    });
  }

  async #hear(): Promise<void> {
    const { client } = this;
    const { backend, proc, host, time } = client.parts;
    if (this.#closed || !proc.alive) return;
    const why = this.#whyDeaf(host.id);
    if (why !== null) {
      this.#silentSince ??= time.now;
      if (time.now - this.#silentSince >= SILENCE_MS) {
        this.#connection(false, why);
        client.nextManager();
      }
      this.soon(AGAIN_MS);
      return;
    }
    this.#silentSince = null;
    if (this.#busy) {
      this.soon();
      return;
    }
    if (this.#generation !== backend.generation) {
      this.#store?.close();
      this.#store = backend.client();
      this.#store.watch(this.prefix, this.#watcher);
      this.#generation = backend.generation;
    }
    this.#busy = true;
    this.#connection(true, "");
    try {
      await proc.run(() => this.#store.tick());
    } catch (error) {
      time.fail(error);
    }
    this.#busy = false;
  }

  #whyDeaf(nodeId: string): string | null {
    const { client } = this;
    if (!client.reachable) return "no answer";
    const { front } = client;
    if (front === null || !client.parts.backend.running) return "connection refused";
    return front.refusal(nodeId)?.message ?? null;
  }

  #connection(connected: boolean, why: string): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.client.parts.proc.run(() => this.#tell(connected, why));
  }
}
