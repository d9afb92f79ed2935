// One watch stream: several watchers with their places in the history. A watcher that has been told everything is *live*: what is committed is queued
// for it. One that is not (it begins in the past, or its queue has overflowed because nobody takes from it) reads pages of history from the store
// until it has caught up; so a slow watcher costs the store time and no memory. Main thread.

import { FAILURES, GrpcFailure } from "../backend.ts";
import { compareBytes, intervalOf } from "../embedded/interval.ts";
import type { HistoryPage } from "../embedded/keyspace.ts";
import type { HistoryAsk } from "../embedded/thread.ts";
import type { ResponseHeader, WatchCreateRequest, WatchRequest, WatchResponse } from "../generated/rpc_pb.js";
import { Batch, responseOf } from "./batch.ts";
import { isWanted, type Listener, wantedOf } from "./topic.ts";
import { Watcher } from "./watcher.ts";

/** What a stream needs of the store. */
export interface WatchedStore {
  /** The latest revision that it knows of. */
  readonly revision: bigint;
  /** History before this is gone. */
  readonly compacted: bigint;
  header(revision: bigint): ResponseHeader;
  /** The revision at this moment: what was answered before is in it, and whoever joins next may hear all after it. */
  now(): bigint | Promise<bigint>;
  /** From then on the listener is told all from its `next` on; false when a part of that has to be read from history() first. */
  join(listener: Listener): boolean;
  leave(listener: Listener): void;
  /** Up to where a listener that is idle has been told everything. */
  told(listener: Listener): bigint;
  /** Not asked of a store that every listener can join. */
  history?(ask: HistoryAsk): Promise<HistoryPage>;
}

const PAGE_EVENTS_MAX = 1_000;
const PAGE_BYTES_MAX = 1024 ** 2;
const WATCHERS_MAX = 1_000;
/** Answers to requests that nobody has taken; beyond, no further request is read. */
const ANSWERS_MAX = 1_000;
/** etcd's id for a response that is of no watcher. */
const NO_WATCHER = -1n;

export class WatchStream {
  readonly #store: WatchedStore;
  readonly #watchers = new Map<bigint, Watcher>();
  readonly #answers: WatchResponse[] = [];
  #nextId = 0n;
  #progressAsked = false;
  #over: { error: unknown } | null = null;
  #wake: () => void = () => {};
  #taken: () => void = () => {};

  constructor(store: WatchedStore) {
    this.#store = store;
  }

  /** Takes requests until they end, and the stream with them. */
  async read(requests: AsyncIterable<WatchRequest>): Promise<void> {
    try {
      for await (const { requestUnion } of requests) {
        if (requestUnion.case === "createRequest") await this.#create(requestUnion.value);
        else if (requestUnion.case === "cancelRequest") this.cancel(requestUnion.value.watchId, {});
        else if (requestUnion.case === "progressRequest") this.#progressAsked = true;
        this.wake();
        while (this.#answers.length >= ANSWERS_MAX && !this.#over) await new Promise<void>((resolve) => (this.#taken = resolve));
        if (this.#over) return;
      }
      this.end(null);
    } catch (error) {
      this.end(error);
    }
  }

  /** Tells watchers that asked for it, and have had nothing else to hear, where they are. */
  notifyProgress(): void {
    for (const watcher of this.#watchers.values())
      if (watcher.progressNotify && watcher.live && watcher.isIdle)
        this.#answers.push(this.#response(watcher.id, this.#store.told(watcher)));
    this.wake();
  }

  end(error: unknown): void {
    if (this.#over) return;
    this.#over = { error };
    for (const watcher of this.#watchers.values()) this.leave(watcher);
    // A page of history that comes later finds nobody to join.
    this.#watchers.clear();
    this.wake();
    this.#taken();
  }

  // For its watchers.

  wake(): void {
    this.#wake();
  }

  leave(watcher: Watcher): void {
    this.#store.leave(watcher);
  }

  cancel(id: bigint, why: Partial<WatchResponse>): void {
    const watcher = this.#watchers.get(id);
    if (!watcher) return;
    this.leave(watcher);
    this.#watchers.delete(id);
    this.#answer(id, { canceled: true, ...why });
    this.wake();
  }

  async *responses(): AsyncGenerator<WatchResponse, void, undefined> {
    while (!this.#over) {
      const response = this.#answers.shift();
      if (response) {
        this.#taken();
        yield response;
        continue;
      }
      const queued = this.#queued();
      if (queued) {
        for (const piece of queued) yield piece;
        continue;
      }
      const behind = this.#watchers.values().find(({ live }) => !live);
      if (behind) yield* this.#catchUp(behind);
      else if (this.#progressAsked) yield this.#progress();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#over.error !== null) throw this.#over.error;
  }

  async #create(request: WatchCreateRequest): Promise<void> {
    const refusal = this.#refusal(request);
    const revision = await this.#store.now();
    if (this.#over) return;
    if (refusal) {
      this.#answer(NO_WATCHER, { created: true, canceled: true, cancelReason: refusal });
      return;
    }
    const next = request.startRevision > 0n ? request.startRevision : revision + 1n;
    const watcher = new Watcher(request.watchId === 0n ? this.#newId() : request.watchId, next, request, this);
    this.#watchers.set(watcher.id, watcher);
    watcher.live = this.#store.join(watcher);
    this.#answer(watcher.id, { created: true });
  }

  #refusal(request: WatchCreateRequest): string | null {
    if (request.watchId !== 0n && this.#watchers.has(request.watchId)) return "mvcc: duplicate watch ID provided on the WatchStream";
    const { key, rangeEnd } = wantedOf(request);
    const interval = intervalOf(key, rangeEnd);
    if (interval.kind === "upto" && compareBytes(interval.from, interval.to) >= 0) return "mvcc: watcher range is empty";
    return this.#watchers.size >= WATCHERS_MAX ? FAILURES.tooManyRequests[1] : null;
  }

  #newId(): bigint {
    while (this.#watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #answer(watchId: bigint, fields: Partial<WatchResponse>): void {
    this.#answers.push(this.#response(watchId, this.#store.revision, fields));
  }

  #queued(): readonly WatchResponse[] | undefined {
    for (const watcher of this.#watchers.values()) {
      const batch = watcher.take();
      if (!batch) continue;
      this.#toEnd(watcher);
      return batch.responses(watcher.id, watcher.fragment);
    }
    return undefined;
  }

  /** The stream's other watchers' turn. */
  #toEnd(watcher: Watcher): void {
    if (this.#watchers.size === 1) return;
    this.#watchers.delete(watcher.id);
    this.#watchers.set(watcher.id, watcher);
  }

  /** Only once all watchers have been told everything: that is what it says. */
  #progress(): WatchResponse {
    this.#progressAsked = false;
    let revision = this.#store.revision;
    for (const watcher of this.#watchers.values()) {
      const told = this.#store.told(watcher);
      if (told < revision) revision = told;
    }
    return this.#response(NO_WATCHER, revision);
  }

  async *#catchUp(watcher: Watcher): AsyncGenerator<WatchResponse, void, undefined> {
    watcher.live = this.#store.join(watcher);
    if (watcher.live) return;
    const { id, wanted, next } = watcher;
    const interval = intervalOf(wanted.key, wanted.rangeEnd);
    const page = await this.#page(
      { interval, from: next, prevKv: wanted.prevKv, eventsMax: PAGE_EVENTS_MAX, bytesMax: PAGE_BYTES_MAX },
      id,
    );
    if (!page || this.#watchers.get(id) !== watcher) return;
    watcher.next = page.next;
    // What is committed from now on will be queued: nothing lies between.
    watcher.live = this.#store.join(watcher);
    const events = page.events.filter((event) => isWanted(wanted, event));
    this.#toEnd(watcher);
    if (events.length > 0) yield* new Batch(events, this.#store.header(page.next - 1n)).responses(id, watcher.fragment);
  }

  /** undefined when that history is gone: then the watcher is told so, and has ended. */
  async #page(ask: HistoryAsk, id: bigint): Promise<HistoryPage | undefined> {
    try {
      return await this.#store.history?.(ask);
    } catch (error) {
      const [code, words] = FAILURES.compacted;
      if (!(error instanceof GrpcFailure) || error.code !== code || error.message !== words) throw error;
      this.cancel(id, { compactRevision: this.#store.compacted, cancelReason: words });
      return undefined;
    }
  }

  #response(watchId: bigint, revision: bigint, fields: Partial<WatchResponse> = {}): WatchResponse {
    return responseOf(this.#store.header(revision), watchId, fields);
  }
}
