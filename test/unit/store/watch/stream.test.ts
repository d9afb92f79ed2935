// One watch stream on an engine: what is queued, what comes from history, and what is too much.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failure } from "../../../../host/store/backend.ts";
import type { Engine } from "../../../../host/store/embedded/engine.ts";
import type { HistoryPage } from "../../../../host/store/embedded/keyspace.ts";
import { Refused } from "../../../../host/store/embedded/refused.ts";
import { Topics } from "../../../../host/store/embedded/topics.ts";
import {
  type WatchCreateRequestSchema,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
} from "../../../../host/store/generated/rpc_pb.js";
import { type WatchedStore, WatchStream } from "../../../../host/store/watch/stream.ts";
import { eventually } from "../../../../lab/wait.ts";
import { ask, bytes, engineOf, put, text } from "../embedded/asking.ts";

let engine: Engine;
let topics: Topics;
let stream: WatchStream;
let responses: AsyncGenerator<WatchResponse, void, undefined>;
/** What is said on the stream. */
let say: (request: WatchRequest["requestUnion"]) => void;
/** Pages of history that were asked for. */
let pages: number;

/** The engine as a stream has it. */
function storeOf(topics: Topics, history: NonNullable<WatchedStore["history"]> = () => Promise.reject()): WatchedStore {
  return {
    get revision() {
      return engine.revision;
    },
    get compacted() {
      return engine.compacted;
    },
    header: (revision) => engine.header(revision),
    now: () => engine.revision,
    join: (listener) => topics.join(listener),
    leave: (listener) => topics.leave(listener),
    told: () => topics.told,
    history,
  };
}

beforeEach(() => {
  ({ engine } = engineOf());
  pages = 0;
  topics = new Topics(engine.revision, (revision) => engine.header(revision));
  const history: WatchedStore["history"] = async ({ interval, from, prevKv, eventsMax, bytesMax }) => {
    pages++;
    try {
      return engine.history(interval, from, prevKv, eventsMax, bytesMax);
    } catch (error) {
      throw error instanceof Refused ? failure(error.which) : error;
    }
  };
  stream = new WatchStream(storeOf(topics, history));
  responses = stream.responses();
  const requests = new TransformStream<WatchRequest, WatchRequest>(undefined, { highWaterMark: 10_000 }, { highWaterMark: 0 });
  const writer = requests.writable.getWriter();
  say = (requestUnion) => void writer.write(create(WatchRequestSchema, { requestUnion }));
  void stream.read(requests.readable);
});

afterEach(() => {
  stream.end(null);
  engine.close();
});

/** Puts, and tells the stream. */
function change(...keys: string[]): void {
  for (const key of keys) put(engine, key);
  topics.commit(engine.takeCommits());
  topics.tell();
}

function watch(fields: MessageInitShape<typeof WatchCreateRequestSchema> = {}): void {
  const value = { key: bytes("\0"), rangeEnd: bytes("\0"), ...fields };
  say(create(WatchRequestSchema, { requestUnion: { case: "createRequest", value } }).requestUnion);
}

async function next(): Promise<WatchResponse> {
  const { value } = await responses.next();
  if (!value) throw new Error("the stream has ended");
  return value;
}

const keysOf = ({ events }: WatchResponse) => events.map(({ kv }) => text(kv?.key ?? bytes("")));

describe("watchers", () => {
  test("hear what is committed after they were made, with what was before if they ask", async () => {
    change("a");
    watch();
    watch({ prevKv: true });
    expect(await next()).toMatchObject({ created: true, watchId: 0n, header: { revision: 2n } });
    expect(await next()).toMatchObject({ created: true, watchId: 1n });
    change("a");
    const both = [await next(), await next()];
    expect(both.map(({ watchId, events }) => [watchId, events[0].prevKv?.version])).toEqual([
      [0n, undefined],
      [1n, 1n],
    ]);
    expect(pages).toBe(0);
  });

  test("from a revision in the past, in the future, and before a compaction", async () => {
    change("a", "b", "c"); // revisions 2 to 4
    ask(engine, "compact", { revision: 3n });
    watch({ startRevision: 2n });
    watch({ startRevision: 3n });
    watch({ startRevision: 6n });
    for (let n = 0; n < 3; n++) expect(await next()).toMatchObject({ created: true, watchId: BigInt(n) });
    expect(await next()).toMatchObject({ watchId: 0n, canceled: true, compactRevision: 3n });
    expect(keysOf(await next())).toEqual(["b", "c"]);
    change("d", "e");
    const both = [await next(), await next()].map((response) => [response.watchId, keysOf(response)]);
    expect(both).toEqual([
      [2n, ["e"]],
      [1n, ["d", "e"]],
    ]);
  });

  test("that wait for history when the stream ends do not come back", async () => {
    const asked = Promise.withResolvers<void>();
    const history = Promise.withResolvers<HistoryPage>();
    const joined: unknown[] = [];
    const store = storeOf(topics, () => {
      asked.resolve();
      return history.promise;
    });
    const ending = new WatchStream({ ...store, join: (listener) => store.join(listener) && joined.push(listener) > 0 });
    change("a", "b");
    const asks = (async function* () {
      const value = { key: bytes("\0"), rangeEnd: bytes("\0"), startRevision: 2n };
      yield create(WatchRequestSchema, { requestUnion: { case: "createRequest", value } });
      await new Promise(() => {});
    })();
    void ending.read(asks);
    const told = ending.responses();
    await told.next();
    const last = told.next();
    await asked.promise;
    ending.end(null);
    history.resolve({ events: [], next: 4n });
    expect(await last).toMatchObject({ done: true });
    expect(joined).toEqual([]);
  });

  test("that nobody takes from read history instead of filling memory, and miss nothing", async () => {
    watch();
    await next();
    const keys = Array.from({ length: 20 }, (_, n) => `k${String(n).padStart(2, "0")}`);
    for (const key of keys) {
      put(engine, key, "x".repeat(1024 ** 2));
      change();
    }
    const heard: string[] = [];
    while (heard.length < keys.length) heard.push(...keysOf(await next()));
    expect(heard).toEqual(keys);
    expect(pages).toBeGreaterThanOrEqual(2);
    const before = pages;
    change("z");
    expect(keysOf(await next())).toEqual(["z"]);
    expect(pages).toBe(before);
  });

  test("take turns", async () => {
    watch({ startRevision: 1n });
    watch({ startRevision: 1n });
    change(...Array.from({ length: 1_500 }, (_, n) => `k${n}`));
    const order: bigint[] = [];
    while (order.length < 4) {
      const { watchId, events } = await next();
      if (events.length > 0) order.push(watchId);
    }
    expect(order).toEqual([0n, 1n, 0n, 1n]);
  });

  test("end when they are cancelled, and others do not", async () => {
    watch();
    watch({ watchId: 7n });
    await next();
    await next();
    say({ case: "cancelRequest", value: { $typeName: "etcdserverpb.WatchCancelRequest", watchId: 7n } });
    expect(await next()).toMatchObject({ watchId: 7n, canceled: true, compactRevision: 0n });
    change("a");
    expect(await next()).toMatchObject({ watchId: 0n });
    watch({ watchId: 7n });
    expect(await next()).toMatchObject({ watchId: 7n, created: true });
  });

  test("are refused with a reason", async () => {
    watch({ watchId: 5n });
    watch({ watchId: 5n });
    watch({ key: bytes("b"), rangeEnd: bytes("a") });
    await next();
    const refused = { created: true, canceled: true, watchId: -1n };
    expect(await next()).toMatchObject({ ...refused, cancelReason: expect.stringMatching(/duplicate watch ID/) });
    expect(await next()).toMatchObject({ ...refused, cancelReason: expect.stringMatching(/range is empty/) });
  });

  test("are a thousand at most", async () => {
    for (let n = 0; n < 1_001; n++) watch();
    for (let n = 0; n < 1_000; n++) expect(await next()).toMatchObject({ canceled: false });
    expect(await next()).toMatchObject({ canceled: true, cancelReason: "etcdserver: too many requests" });
  });
});

describe("progress", () => {
  test("is told when asked for, once all is told", async () => {
    watch({ startRevision: 1n });
    await next();
    change("a", "b");
    say({ case: "progressRequest", value: { $typeName: "etcdserverpb.WatchProgressRequest" } });
    expect(keysOf(await next())).toEqual(["a", "b"]);
    expect(await next()).toMatchObject({ watchId: -1n, events: [], header: { revision: 3n } });
  });

  test("is told to idle watchers that want it", async () => {
    watch({ progressNotify: true, key: bytes("q"), rangeEnd: bytes("") });
    watch();
    await next();
    await next();
    change("a");
    expect(await next()).toMatchObject({ watchId: 1n });
    stream.notifyProgress();
    expect(await next()).toMatchObject({ watchId: 0n, events: [], header: { revision: 2n } });
  });
});

test("the stream ends with its requests, or with the reason it is given", async () => {
  watch();
  await next();
  const waiting = responses.next();
  stream.end(failure("stopped"));
  await expect(waiting).rejects.toThrow("server stopped");
  const other = new WatchStream(storeOf(topics));
  async function* none(): AsyncGenerator<WatchRequest> {}
  const reading = other.read(none());
  expect(await other.responses().next()).toEqual({ done: true, value: undefined });
  await reading;
});

test("requests are not read while nobody takes the answers", async () => {
  let asked = 0;
  async function* many(): AsyncGenerator<WatchRequest> {
    const value = { key: bytes("b"), rangeEnd: bytes("a") };
    for (; asked < 5_000; asked++) yield create(WatchRequestSchema, { requestUnion: { case: "createRequest", value } });
  }
  const flooded = new WatchStream(storeOf(topics));
  const reading = flooded.read(many());
  await eventually("the reading to pause", async () => {
    const before = asked;
    await new Promise((resolve) => setImmediate(resolve));
    return asked > 0 && asked === before;
  });
  expect(asked).toBeLessThanOrEqual(1_000);
  const answers = flooded.responses();
  for (let n = 0; n < 2_000; n++) await answers.next();
  expect(asked).toBeGreaterThan(1_500);
  flooded.end(null);
  await reading;
});
