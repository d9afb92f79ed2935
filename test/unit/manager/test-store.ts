// The embedded store's engine in memory, as the manager's tests need it: each call passes through `pause` before and after it is done, and so do
// watchers' events, so that a test decides how calls of several managers interleave; and a commit can be cut off.

import { create } from "@bufbuild/protobuf";
import type {
  Change,
  Compare,
  Entry,
  Lease,
  PagesOptions,
  Range,
  Store,
  TxnAnswer,
  Watch,
  Watcher,
} from "../../../host/model/cluster/store.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { entryOf, rangeOf } from "../../../host/store/client/translate.ts";
import { Engine } from "../../../host/store/embedded/engine.ts";
import { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import { RangeRequestSchema, type RangeResponse } from "../../../host/store/generated/rpc_pb.js";

export class TestStore implements Store {
  pause: () => Promise<void> = async () => undefined;
  /** Called before and after each call: throws to cut the caller off. */
  cutter: () => void = () => undefined;
  /** What happens to the next commit: it is cut off before or after it was done. */
  nextCommitFails: "before" | "after" | null = null;
  #interlude: { skip: number; run: () => Promise<unknown> } | null = null;
  readonly #engine: Engine;
  readonly #store: EngineStore;
  #ticks: Promise<void> = Promise.resolve();

  constructor(nowMs: () => number, random: (bytes: number) => Uint8Array) {
    this.#engine = new Engine({ file: ":memory:", nowMs, random });
    this.#store = new EngineStore(this.#engine);
  }

  get revision(): number {
    return Number(this.#engine.revision);
  }

  get(key: string): Promise<Entry | null> {
    return this.#call(() => this.#store.get(key));
  }

  list(prefix: string, options?: { keysOnly?: boolean }): Promise<Range> {
    return this.#call(() => this.#store.list(prefix, options));
  }

  async *pages(prefix: string, options?: PagesOptions): AsyncGenerator<Range> {
    const pages = this.#store.pages(prefix, options)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#call(() => pages.next());
      if (next.done) return;
      yield next.value;
    }
  }

  /** Something else happens just before a commit: of those from now on, so many are left out. */
  interlude(skip: number, run: () => Promise<unknown>): void {
    this.#interlude = { skip, run };
  }

  async commit(compares: readonly Compare[], changes: readonly Change[]): Promise<TxnAnswer> {
    const interlude = this.#interlude;
    if (interlude && interlude.skip-- === 0) {
      this.#interlude = null;
      await interlude.run();
    }
    const fails = this.nextCommitFails;
    this.nextCommitFails = null;
    return this.#call(async () => {
      if (fails === "before") throw new StoreError("unavailable", "cut");
      const answer = await this.#store.commit(compares, changes);
      this.#tick();
      if (fails === "after") throw new StoreError("unavailable", "cut");
      return answer;
    });
  }

  watch(prefix: string, watcher: Watcher): Watch {
    const watch = this.#store.watch(prefix, watcher);
    this.#tick();
    return watch;
  }

  grantLease(ttlSeconds: number): Promise<Lease> {
    return this.#call(() => this.#store.grantLease(ttlSeconds));
  }

  keepLease(id: string): Promise<number> {
    return this.#call(() => this.#store.keepLease(id));
  }

  revokeLease(id: string): Promise<void> {
    return this.#call(() => this.#store.revokeLease(id));
  }

  close(): void {
    this.#store.close();
    this.#engine.close();
  }

  /** All watchers have been told everything. */
  async settled(): Promise<void> {
    this.#tick();
    await this.#ticks;
  }

  /** Everything under a prefix, at once. */
  peek(prefix: string): Entry[] {
    this.#engine.expire();
    const [outcome] = this.#engine.run([{ method: "range", request: create(RangeRequestSchema, rangeOf(prefix)) }]);
    if (!("answer" in outcome)) throw new Error(JSON.stringify(outcome));
    return (outcome.answer as RangeResponse).kvs.map(entryOf);
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    await this.pause();
    const before = this.revision;
    this.#engine.expire();
    if (this.revision !== before) await this.settled();
    this.cutter();
    const answer = await work();
    this.cutter();
    await this.pause();
    return answer;
  }

  #tick(): void {
    this.#ticks = this.#ticks.then(async () => {
      await this.pause();
      await this.#store.tick();
    });
  }
}
