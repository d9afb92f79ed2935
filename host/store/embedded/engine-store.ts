// A Store right on an engine, in the same thread and without timers: for simulations in virtual time. It behaves as a client over gRPC does;
// time passes, and watchers hear, when tick() is called. Several stores on one engine are several clients of one manager: each may be cut off from it.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import {
  type Change,
  type Compare,
  type Entry,
  type Lease,
  type PagesOptions,
  type Range,
  type Store,
  StoreError,
  type TxnAnswer,
  type Watch,
  type Watcher,
} from "../../model/cluster/store.ts";
import { failure, GrpcFailure } from "../backend.ts";
import { pagesOf } from "../client/pages.ts";
import { storeError } from "../client/reasons.ts";
import { bytesOf, entryOf, eventOf, rangeOf, transactionOf } from "../client/translate.ts";
import {
  LeaseGrantRequestSchema,
  LeaseKeepAliveRequestSchema,
  LeaseRevokeRequestSchema,
  type RangeRequest,
  RangeRequestSchema,
} from "../generated/rpc_pb.js";
import type { Call, Methods } from "./call.ts";
import type { Engine } from "./engine.ts";
import { intervalOf } from "./interval.ts";
import type { HistoryPage } from "./keyspace.ts";
import { Refused } from "./refused.ts";

interface Watching {
  prefix: string;
  watcher: Watcher;
  /** The first revision that it has not been told; null = it needs a snapshot. */
  next: bigint | null;
  connected: boolean | null;
}

const PAGE_EVENTS_MAX = 1_000;
const PAGE_BYTES_MAX = 1024 ** 2;

export class EngineStore implements Store {
  readonly #engine: Engine;
  readonly #watches = new Set<Watching>();
  /** null = the manager can be reached. */
  #cut: string | null = null;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** No manager answers from now on: why; or one does again (null). Watchers hear of it at the next tick. */
  cut(why: string | null): void {
    this.#cut = why;
  }

  /** Ends leases whose time is up, and tells watchers all that there is to tell. Settles when they have taken it. */
  async tick(): Promise<void> {
    this.#engine.expire();
    // Nobody asks for these: watchers here read history.
    this.#engine.takeCommits();
    for (const watch of [...this.#watches]) await this.#tell(watch);
  }

  async get(key: string): Promise<Entry | null> {
    const { kvs } = this.#call("range", create(RangeRequestSchema, { key: bytesOf(key) }));
    return kvs.length > 0 ? entryOf(kvs[0]) : null;
  }

  async list(prefix: string, { keysOnly = false } = {}): Promise<Range> {
    return this.#list({ ...rangeOf(prefix), keysOnly });
  }

  pages(prefix: string, options?: PagesOptions): AsyncIterable<Range> {
    return pagesOf(async (request) => this.#call("range", request), prefix, options);
  }

  async commit(compares: readonly Compare[], changes: readonly Change[]): Promise<TxnAnswer> {
    const { succeeded, header } = this.#call("txn", transactionOf(compares, changes));
    return { succeeded, revision: Number(header?.revision) };
  }

  watch(prefix: string, watcher: Watcher): Watch {
    const watch: Watching = { prefix, watcher, next: null, connected: null };
    this.#watches.add(watch);
    return { close: () => this.#watches.delete(watch) };
  }

  async grantLease(ttlSeconds: number): Promise<Lease> {
    const { ID, TTL } = this.#call("leaseGrant", create(LeaseGrantRequestSchema, { TTL: BigInt(ttlSeconds) }));
    return { id: ID.toString(), ttlSeconds: Number(TTL) };
  }

  async keepLease(id: string): Promise<number> {
    const { TTL } = this.#call("leaseKeepAlive", create(LeaseKeepAliveRequestSchema, { ID: BigInt(id) }));
    if (TTL <= 0n) throw new StoreError("not-found", `lease ${id} has ended`);
    return Number(TTL);
  }

  async revokeLease(id: string): Promise<void> {
    this.#call("leaseRevoke", create(LeaseRevokeRequestSchema, { ID: BigInt(id) }));
  }

  close(): void {
    this.#watches.clear();
  }

  #list(request: MessageInitShape<typeof RangeRequestSchema>): Range {
    const { header, kvs } = this.#call("range", create(RangeRequestSchema, request) as RangeRequest);
    return { revision: Number(header?.revision), entries: kvs.map(entryOf) };
  }

  #call<M extends keyof Methods>(method: M, request: Methods[M][0]): Methods[M][1] {
    if (this.#cut !== null) throw new StoreError("unavailable", this.#cut);
    const [outcome] = this.#engine.run([{ method, request } as Call]);
    if ("answer" in outcome) return outcome.answer as Methods[M][1];
    throw storeError("refused" in outcome ? failure(outcome.refused) : new GrpcFailure(status.INTERNAL, outcome.failed));
  }

  async #tell(watch: Watching): Promise<void> {
    const connected = this.#cut === null;
    if (watch.connected !== connected) watch.watcher.onConnection?.(connected, this.#cut ?? "");
    watch.connected = connected;
    while (this.#cut === null && this.#watches.has(watch)) {
      try {
        if (watch.next === null) await this.#tellSnapshot(watch);
        else if (watch.next <= this.#engine.revision) await this.#tellEvents(watch, watch.next);
        else return;
      } catch (error) {
        // What a watcher does not take is not known: it is told all of it anew, the next time.
        watch.next = null;
        if (!(error instanceof Refused)) return;
      }
    }
  }

  async #tellSnapshot(watch: Watching): Promise<void> {
    const range = this.#list(rangeOf(watch.prefix));
    await watch.watcher.onSnapshot(range);
    watch.next = BigInt(range.revision) + 1n;
  }

  async #tellEvents(watch: Watching, from: bigint): Promise<void> {
    const { events, next } = this.#history(watch, from);
    const last = events.at(-1);
    if (last) await watch.watcher.onEvents(events.map(eventOf), Number(last.kv?.modRevision));
    watch.next = next;
  }

  /** Throws Refused when it is compacted away. */
  #history({ prefix }: Watching, from: bigint): HistoryPage {
    const { key, rangeEnd } = rangeOf(prefix);
    return this.#engine.history(intervalOf(key, rangeEnd), from, false, PAGE_EVENTS_MAX, PAGE_BYTES_MAX);
  }
}
