// One watcher of a stream: what it wants, up to where it has been told, and what is queued for it. It overflows when nobody takes from it: then it is behind,
// and what it was told and has not taken comes again. Main thread.

import type { WatchCreateRequest, WatchResponse } from "../generated/rpc_pb.js";
import type { Batch } from "./batch.ts";
import { type Listener, type Wanted, wantedOf } from "./topic.ts";

/** Queued for one watcher, who shares it with others; beyond, it reads history again. One batch may be larger. */
const QUEUE_EVENTS_MAX = 10_000;
const QUEUE_BYTES_MAX = 16 * 1024 ** 2;

/** What a watcher has to do with its stream. */
export interface Owner {
  wake(): void;
  leave(watcher: Watcher): void;
  cancel(id: bigint, why: Partial<WatchResponse>): void;
  end(error: unknown): void;
}

export class Watcher implements Listener {
  readonly id: bigint;
  readonly wanted: Wanted;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
  next: bigint;
  /** What is committed is queued for it; else it reads history. */
  live = false;
  onIdle: () => void = () => {};
  readonly #owner: Owner;
  #queue: Batch[] = [];
  #events = 0;
  #bytes = 0;

  constructor(id: bigint, next: bigint, request: WatchCreateRequest, owner: Owner) {
    this.id = id;
    this.wanted = wantedOf(request);
    this.progressNotify = request.progressNotify;
    this.fragment = request.fragment;
    this.next = next;
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  tell(all: Batch): void {
    const batch = all.from(this.next);
    if (!batch) return;
    this.#events += batch.events.length;
    this.#bytes += batch.bytes;
    if (!this.isIdle && (this.#events > QUEUE_EVENTS_MAX || this.#bytes > QUEUE_BYTES_MAX)) this.#overflow();
    else {
      this.#queue.push(batch);
      this.next = batch.revision + 1n;
    }
    this.#owner.wake();
  }

  #overflow(): void {
    this.next = this.#queue[0].first;
    this.#queue = [];
    this.#events = this.#bytes = 0;
    this.live = false;
    this.#owner.leave(this);
  }

  take(): Batch | undefined {
    const batch = this.#queue.shift();
    if (!batch) return undefined;
    this.#events -= batch.events.length;
    this.#bytes -= batch.bytes;
    if (this.isIdle) this.onIdle();
    return batch;
  }

  cancel(why: Partial<WatchResponse>): void {
    this.#owner.cancel(this.id, why);
  }

  fail(error: unknown): void {
    this.#owner.end(error);
  }
}
