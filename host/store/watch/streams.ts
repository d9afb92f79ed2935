// All watch streams of a backend. Main thread.

import type { GrpcFailure } from "../backend.ts";
import type { WatchRequest, WatchResponse } from "../generated/rpc_pb.js";
import { type WatchedStore, WatchStream } from "./stream.ts";

/** etcd's: how often an idle watcher that asked for it is told where it is. */
const PROGRESS_MS = 600_000;

export class WatchStreams {
  readonly #store: WatchedStore;
  readonly #streams = new Set<WatchStream>();
  readonly #progress: NodeJS.Timeout;

  constructor(store: WatchedStore) {
    this.#store = store;
    this.#progress = setInterval(() => {
      for (const stream of this.#streams) stream.notifyProgress();
    }, PROGRESS_MS).unref();
  }

  async *watch(requests: AsyncIterable<WatchRequest>, signal: AbortSignal): AsyncGenerator<WatchResponse, void, undefined> {
    const stream = new WatchStream(this.#store);
    const end = () => stream.end(null);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    this.#streams.add(stream);
    void stream.read(requests);
    try {
      yield* stream.responses();
    } finally {
      end();
      signal.removeEventListener("abort", end);
      this.#streams.delete(stream);
    }
  }

  close(error: GrpcFailure): void {
    clearInterval(this.#progress);
    for (const stream of this.#streams) stream.end(error);
  }
}
