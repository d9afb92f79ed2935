// Contract: watches, by the client and as etcd has them.

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { Backend } from "../../../../host/store/backend.ts";
import {
  CompactionRequestSchema,
  WatchCreateRequest_FilterType as Filter,
  PutRequestSchema,
  type WatchCreateRequest,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
} from "../../../../host/store/generated/rpc_pb.js";
import { CuttingProxy } from "../../../../lab/cutting-proxy.ts";
import { eventually } from "../../../../lab/wait.ts";
import { fill } from "./keys.ts";
import { keyRange } from "./ranges.ts";
import { Recorder } from "./recorder.ts";
import type { Here, World } from "./world.ts";

const bytes = (text: string) => Buffer.from(text);

/** Watches with a client of its own. */
function record(here: Here, prefix = here.prefix, through?: readonly string[]): Recorder {
  const recorder = new Recorder();
  here.client(through).watch(prefix, recorder);
  here.cleanUp(() => expect(recorder.faults).toEqual([]));
  return recorder;
}

/** One watch stream of a backend: what is said on it, and what has been heard. */
class RawStream {
  readonly heard: WatchResponse[] = [];
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();
  readonly #requests: WatchRequest[] = [];
  #wake = () => {};

  constructor(here: Here) {
    this.ended = this.#listen(here.backend);
    here.cleanUp(async () => {
      this.#abort.abort();
      await this.ended;
    });
  }

  async #listen(backend: Backend): Promise<void> {
    for await (const response of backend.watch(this.#asked(), this.#abort.signal)) this.heard.push(response);
  }

  async *#asked(): AsyncGenerator<WatchRequest> {
    while (!this.#abort.signal.aborted) {
      for (let request = this.#requests.shift(); request; request = this.#requests.shift()) yield request;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#abort.signal.addEventListener("abort", () => resolve());
      });
    }
  }

  say(requestUnion: object): void {
    this.#requests.push(create(WatchRequestSchema, { requestUnion: requestUnion as WatchRequest["requestUnion"] }));
    this.#wake();
  }

  /** Makes a watch; gives its id. */
  async make(request: Partial<WatchCreateRequest>): Promise<bigint> {
    const before = this.heard.length;
    this.say({ case: "createRequest", value: request });
    return (await this.next(before, ({ created }) => created)).watchId;
  }

  next(from: number, fits: (response: WatchResponse) => boolean): Promise<WatchResponse> {
    return eventually("a response of the watch stream", () => this.heard.slice(from).find(fits));
  }

  /** Keys of the events of a watch, as "+key" or "-key". */
  events(watchId: bigint): string[] {
    const all = this.heard.filter((response) => response.watchId === watchId).flatMap(({ events }) => events);
    return all.map(({ type, kv }) => (type === 0 ? "+" : "-") + Buffer.from(kv?.key ?? bytes("")).toString());
  }
}

export function watchTests(world: World): void {
  test("a snapshot, then each change once and in order, of the prefix alone", async () => {
    const here = world.here();
    const { store, prefix } = here;
    await store.commit(
      [],
      [
        { put: `${prefix}w/a`, value: "1" },
        { put: `${prefix}v`, value: "no" },
      ],
    );
    const recorder = record(here, `${prefix}w/`);
    await eventually("the stream", () => recorder.connections.at(-1));
    expect(recorder.snapshots[0].entries.map(({ key }) => key)).toEqual([`${prefix}w/a`]);
    const both = await store.commit(
      [],
      [{ put: `${prefix}w/b`, value: "2" }, { delete: `${prefix}w/a` }, { put: `${prefix}x`, value: "no" }],
    );
    const last = await store.commit([], [{ put: `${prefix}w/b`, value: "3" }]);
    await recorder.has((await store.list(`${prefix}w/`)).entries);
    expect(recorder.calls.flat().length).toBe(3);
    const ofBoth = recorder.calls[0].filter(
      (event) => (event.type === "put" ? event.entry.modRevision : event.modRevision) === both.revision,
    );
    expect(ofBoth.map(({ type }) => type).sort()).toEqual(["delete", "put"]);
    expect([recorder.revision, recorder.snapshots.length]).toEqual([last.revision, 1]);
  });

  test("nothing is missed between snapshot and stream while others write", async () => {
    const here = world.here();
    const { prefix } = here;
    const writers = Array.from({ length: 4 }, () => here.client());
    const recorders: Recorder[] = [];
    await Promise.all(
      writers.map(async (writer, lane) => {
        for (let n = 0; n < 50; n++) {
          const key = `${prefix}${lane}/${n % 7}`;
          await writer.commit([], [n % 5 === 4 ? { delete: key } : { put: key, value: String(n) }]);
          if (n % 10 === 0) recorders.push(record(here));
        }
      }),
    );
    const { entries } = await here.store.list(prefix);
    for (const recorder of recorders) await recorder.has(entries);
    expect(recorders.every(({ snapshots }) => snapshots.length === 1)).toBe(true);
  });

  test("a slow watcher is waited for, and gets everything all the same", async () => {
    const here = world.here();
    const { store, prefix } = here;
    const recorder = record(here);
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    recorder.pause = () => gate;
    await eventually("the stream", () => recorder.connections.at(-1));
    await fill(
      store,
      Array.from({ length: 2560 }, (_, n) => `${prefix}${n}`),
      "x".repeat(4000),
    );
    await eventually("the first call", () => recorder.calls.length > 0);
    expect(recorder.calls.length).toBe(1);
    release();
    await recorder.has((await store.list(prefix)).entries);
    expect([recorder.snapshots.length, recorder.events.length]).toEqual([1, 2560]);
    await store.commit([], [{ deletePrefix: prefix }]);
    await recorder.has([]);
  });

  test("a closed watch hears nothing more", async () => {
    const { client, prefix, store } = world.here();
    const recorder = new Recorder();
    const watcher = client();
    const watch = watcher.watch(prefix, recorder);
    await eventually("the stream", () => recorder.connections.at(-1));
    watch.close();
    await store.commit([], [{ put: `${prefix}a`, value: "" }]);
    await watcher.get(prefix);
    expect([recorder.events, recorder.connections]).toEqual([[], [true]]);
  });

  test("after a loss it goes on behind the last revision, however much there was", async () => {
    const here = world.here();
    const { store, prefix, running } = here;
    const proxy = await CuttingProxy.start(running.endpoints[0]);
    here.cleanUp(() => proxy.stop());
    const recorder = record(here, prefix, [proxy.endpoint]);
    await eventually("the stream", () => recorder.connections.at(-1));
    proxy.refuse();
    // 10 MB in revisions of 1.3 MB: more than a response holds, so that servers cut them in fragments.
    await fill(
      store,
      Array.from({ length: 1024 }, (_, n) => `${prefix}${n}`),
      "x".repeat(10_000),
    );
    await eventually("the loss", () => recorder.connections.at(-1) === false);
    proxy.heal();
    await recorder.has((await store.list(prefix)).entries);
    const revisions = recorder.calls.map((call) => new Set(call.map((event) => (event.type === "put" ? event.entry.modRevision : 0))));
    const seen = new Set<number>();
    for (const revision of revisions.flatMap((set) => [...set])) {
      expect(seen.has(revision), `revision ${revision} in two calls`).toBe(false);
      seen.add(revision);
    }
    expect([recorder.snapshots.length, recorder.events.length, seen.size]).toEqual([1, 1024, 8]);
  });

  test("what was compacted meanwhile comes as a new snapshot", async () => {
    const here = world.here();
    const { store, backend, prefix, running } = here;
    await store.commit(
      [],
      [
        { put: `${prefix}a`, value: "1" },
        { put: `${prefix}b`, value: "1" },
      ],
    );
    const proxy = await CuttingProxy.start(running.endpoints[0]);
    here.cleanUp(() => proxy.stop());
    const recorder = record(here, prefix, [proxy.endpoint]);
    await eventually("the stream", () => recorder.connections.at(-1));
    proxy.refuse();
    await eventually("the loss", () => recorder.connections.at(-1) === false);
    await store.commit([], [{ put: `${prefix}a`, value: "2" }]);
    const { revision } = await store.commit([], [{ delete: `${prefix}b` }]);
    await backend.compact(create(CompactionRequestSchema, { revision: BigInt(revision), physical: true }));
    proxy.heal();
    await recorder.has((await store.list(prefix)).entries);
    expect([recorder.snapshots.length, recorder.events.length]).toEqual([2, 0]);
    await store.commit([], [{ put: `${prefix}c`, value: "3" }]);
    await recorder.has((await store.list(prefix)).entries);
    expect(recorder.events.length).toBe(1);
  });

  test("a stream has several watches, each with its filters, and cancels them one by one", async () => {
    const here = world.here();
    const { store, prefix } = here;
    const stream = new RawStream(here);
    const puts = await stream.make({ ...keyRange(prefix), filters: [Filter.NODELETE], prevKv: true });
    const deletes = await stream.make({ ...keyRange(prefix), filters: [Filter.NOPUT] });
    const one = await stream.make({ key: bytes(`${prefix}b`) });
    expect(new Set([puts, deletes, one]).size).toBe(3);
    await store.commit([], [{ put: `${prefix}a`, value: "1" }]);
    await store.commit([], [{ put: `${prefix}a`, value: "2" }]);
    await store.commit([], [{ delete: `${prefix}a` }, { put: `${prefix}b`, value: "3" }]);
    await eventually(
      "all events",
      () => stream.events(one).length === 1 && stream.events(deletes).length === 1 && stream.events(puts).length === 3,
    );
    expect(stream.events(puts)).toEqual([`+${prefix}a`, `+${prefix}a`, `+${prefix}b`]);
    expect(stream.events(deletes)).toEqual([`-${prefix}a`]);
    const previous = stream.heard
      .filter(({ watchId }) => watchId === puts)
      .flatMap(({ events }) => events.map(({ prevKv }) => prevKv?.value));
    expect(previous.map((value) => value && Buffer.from(value).toString())).toEqual([undefined, "1", undefined]);
    const before = stream.heard.length;
    stream.say({ case: "cancelRequest", value: { watchId: puts } });
    await stream.next(before, ({ canceled, watchId }) => canceled && watchId === puts);
    await store.commit([], [{ put: `${prefix}b`, value: "4" }]);
    await eventually("the other's event", () => stream.events(one).length === 2);
    expect(stream.events(puts).length).toBe(3);
  });

  test("a watch from the past tells it; from before a compaction it is cancelled with where that was", async () => {
    const here = world.here();
    const { backend, prefix } = here;
    const put = async (key: string) => {
      const { header } = await backend.put(create(PutRequestSchema, { key: bytes(prefix + key), value: bytes("") }));
      return header?.revision ?? 0n;
    };
    const first = await put("a");
    const second = await put("b");
    const stream = new RawStream(here);
    const past = await stream.make({ ...keyRange(prefix), startRevision: first });
    await eventually("the past", () => stream.events(past).length === 2);
    expect(stream.events(past)).toEqual([`+${prefix}a`, `+${prefix}b`]);
    await backend.compact(create(CompactionRequestSchema, { revision: second, physical: true }));
    const before = stream.heard.length;
    stream.say({ case: "createRequest", value: { ...keyRange(prefix), startRevision: first } });
    const cancelled = await stream.next(before, ({ canceled }) => canceled);
    expect(cancelled.compactRevision).toBe(second);
    await put("c");
    await eventually("the first watch, unharmed", () => stream.events(past).length === 3);
  });

  test("a sign of life comes when asked for", async () => {
    const here = world.here();
    const { store, prefix } = here;
    const stream = new RawStream(here);
    await stream.make(keyRange(prefix));
    const { revision } = await store.commit([], [{ put: `${prefix}a`, value: "" }]);
    await eventually("the event", () => stream.heard.some(({ events }) => events.length > 0));
    const before = stream.heard.length;
    stream.say({ case: "progressRequest", value: {} });
    const progress = await stream.next(before, ({ events, created }) => events.length === 0 && !created);
    expect(progress.header?.revision ?? 0n).toBeGreaterThanOrEqual(BigInt(revision));
  });
}
