// One watch stream: several watchers with their places in the history. A watcher that has been told everything is *live*: what is committed is queued
// for it. One that is not (it begins in the past, or its queue has overflowed because nobody takes from it) reads pages of history from the store
// until it has caught up; so a slow watcher costs the store time and no memory. Main thread.

import { FAILURES, GrpcFailure } from "../backend.ts";
import type { Event } from "../generated/kv_pb.js";
import {
  WatchCreateRequest_FilterType as Filter,
  type ResponseHeader,
  type WatchCreateRequest,
  type WatchRequest,
  type WatchResponse,
} from "../generated/rpc_pb.js";
import { compareBytes, contains, type Interval, intervalOf, NO_BYTES } from "./interval.ts";
import type { HistoryPage } from "./keyspace.ts";
import type { HistoryAsk } from "./thread.ts";

/** What a stream needs of the store. */
export interface WatchedStore {
  /** Everything up to here has been given to commit(). */
  readonly revision: bigint;
  /** History before this is gone. */
  readonly compacted: bigint;
  header(revision: bigint): ResponseHeader;
  history(ask: HistoryAsk): Promise<HistoryPage>;
}

/** What one revision changed, made once for all watchers. */
export interface WatchedCommit {
  revision: bigint;
  events: Event[];
  /** Without what was before. */
  plainEvents: Event[];
}

/** Queued for one watcher; beyond, it reads history again. */
const QUEUE_EVENTS_MAX = 1_000;
const PAGE_EVENTS_MAX = 1_000;
const PAGE_BYTES_MAX = 1024 ** 2;
const WATCHERS_MAX = 1_000;
/** Answers to requests that nobody has taken; beyond, no further request is read. */
const ANSWERS_MAX = 1_000;
/** etcd's id for a response that is of no watcher. */
const NO_WATCHER = -1n;
/** mvccpb.Event.EventType */
const DELETE = 1;

interface Watcher {
  id: bigint;
  interval: Interval;
  prevKv: boolean;
  progressNotify: boolean;
  noPut: boolean;
  noDelete: boolean;
  /** The first revision that is neither queued nor told. */
  next: bigint;
  live: boolean;
  queue: Event[];
}

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
        if (requestUnion.case === "createRequest") this.#create(requestUnion.value);
        else if (requestUnion.case === "cancelRequest") this.#cancel(requestUnion.value.watchId, {});
        else if (requestUnion.case === "progressRequest") this.#progressAsked = true;
        this.#wake();
        while (this.#answers.length >= ANSWERS_MAX && !this.#over) await new Promise<void>((resolve) => (this.#taken = resolve));
        if (this.#over) return;
      }
      this.end(null);
    } catch (error) {
      this.end(error);
    }
  }

  /** New commits, in order. */
  commit(commits: readonly WatchedCommit[]): void {
    for (const watcher of this.#watchers.values()) if (watcher.live) queue(watcher, commits);
    this.#wake();
  }

  /** Tells watchers that asked for it, and have had nothing else to hear, where they are. */
  notifyProgress(): void {
    for (const watcher of this.#watchers.values())
      if (watcher.progressNotify && watcher.live && watcher.queue.length === 0) this.#answer(watcher.id, {});
    this.#wake();
  }

  end(error: unknown): void {
    this.#over ??= { error };
    this.#wake();
    this.#taken();
  }

  async *responses(): AsyncGenerator<WatchResponse, void, undefined> {
    while (!this.#over) {
      const response = this.#answers.shift() ?? this.#queued() ?? this.#progress();
      if (response) {
        this.#taken();
        yield response;
        continue;
      }
      const behind = this.#watchers.values().find(({ live }) => !live);
      if (behind) yield* this.#catchUp(behind);
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#over.error !== null) throw this.#over.error;
  }

  #create(request: WatchCreateRequest): void {
    const { revision } = this.#store;
    const refusal = this.#refusal(request);
    if (refusal) {
      this.#answer(NO_WATCHER, { created: true, canceled: true, cancelReason: refusal });
      return;
    }
    const next = request.startRevision > 0n ? request.startRevision : revision + 1n;
    const watcher: Watcher = {
      id: request.watchId === 0n ? this.#newId() : request.watchId,
      interval: intervalOf(keyOf(request), request.rangeEnd),
      prevKv: request.prevKv,
      progressNotify: request.progressNotify,
      noPut: request.filters.includes(Filter.NOPUT),
      noDelete: request.filters.includes(Filter.NODELETE),
      next,
      live: next > revision,
      queue: [],
    };
    this.#watchers.set(watcher.id, watcher);
    this.#answer(watcher.id, { created: true });
  }

  #refusal(request: WatchCreateRequest): string | null {
    if (request.watchId !== 0n && this.#watchers.has(request.watchId)) return "mvcc: duplicate watch ID provided on the WatchStream";
    const interval = intervalOf(keyOf(request), request.rangeEnd);
    if (interval.kind === "upto" && compareBytes(interval.from, interval.to) >= 0) return "mvcc: watcher range is empty";
    return this.#watchers.size >= WATCHERS_MAX ? FAILURES.tooManyRequests[1] : null;
  }

  #newId(): bigint {
    while (this.#watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancel(id: bigint, why: { compactRevision?: bigint; cancelReason?: string }): void {
    if (this.#watchers.delete(id)) this.#answer(id, { canceled: true, ...why });
  }

  #answer(watchId: bigint, fields: Partial<WatchResponse>): void {
    this.#answers.push(this.#response(watchId, this.#store.revision, fields));
  }

  #queued(): WatchResponse | undefined {
    const watcher = this.#watchers.values().find(({ queue }) => queue.length > 0);
    if (!watcher) return undefined;
    const events = watcher.queue;
    watcher.queue = [];
    // The next stream's turn, and this stream's other watchers': it goes to the end of the line.
    this.#watchers.delete(watcher.id);
    this.#watchers.set(watcher.id, watcher);
    return this.#response(watcher.id, watcher.next - 1n, { events });
  }

  /** Only once all watchers have been told everything: that is what it says. */
  #progress(): WatchResponse | undefined {
    if (!this.#progressAsked || this.#watchers.values().some(({ live }) => !live)) return undefined;
    this.#progressAsked = false;
    return this.#response(NO_WATCHER, this.#store.revision, {});
  }

  async *#catchUp(watcher: Watcher): AsyncGenerator<WatchResponse, void, undefined> {
    const { id, interval, prevKv, next } = watcher;
    const page = await this.#page({ interval, from: next, prevKv, eventsMax: PAGE_EVENTS_MAX, bytesMax: PAGE_BYTES_MAX }, id);
    if (!page || this.#watchers.get(id) !== watcher) return;
    watcher.next = page.next;
    // What is committed from now on will be queued: nothing lies between.
    watcher.live = page.next > this.#store.revision;
    const events = page.events.filter((event) => isWanted(watcher, event));
    this.#watchers.delete(id);
    this.#watchers.set(id, watcher);
    if (events.length > 0) yield this.#response(id, page.next - 1n, { events });
  }

  /** undefined when that history is gone: then the watcher is told so, and has ended. */
  async #page(ask: HistoryAsk, id: bigint): Promise<HistoryPage | undefined> {
    try {
      return await this.#store.history(ask);
    } catch (error) {
      const [code, words] = FAILURES.compacted;
      if (!(error instanceof GrpcFailure) || error.code !== code || error.message !== words) throw error;
      this.#cancel(id, { compactRevision: this.#store.compacted, cancelReason: words });
      return undefined;
    }
  }

  #response(watchId: bigint, revision: bigint, fields: Partial<WatchResponse>): WatchResponse {
    const header = this.#store.header(revision);
    const empty = { created: false, canceled: false, compactRevision: 0n, cancelReason: "", fragment: false, events: [] };
    return { $typeName: "etcdserverpb.WatchResponse", header, watchId, ...empty, ...fields };
  }
}

/** An empty key is the first of all, as etcd has it. */
const keyOf = ({ key }: WatchCreateRequest) => (key.length === 0 ? new Uint8Array(1) : key);

function queue(watcher: Watcher, commits: readonly WatchedCommit[]): void {
  for (const { revision, events, plainEvents } of commits) {
    if (revision < watcher.next) continue;
    const all = watcher.prevKv ? events : plainEvents;
    const wanted = all.filter((event) => isWanted(watcher, event) && contains(watcher.interval, event.kv?.key ?? NO_BYTES));
    if (watcher.queue.length > 0 && watcher.queue.length + wanted.length > QUEUE_EVENTS_MAX) {
      watcher.next = watcher.queue[0].kv?.modRevision ?? revision;
      watcher.queue = [];
      watcher.live = false;
      return;
    }
    watcher.queue.push(...wanted);
    watcher.next = revision + 1n;
  }
}

function isWanted({ noPut, noDelete }: Watcher, { type }: Event): boolean {
  return type === DELETE ? !noDelete : !noPut;
}
