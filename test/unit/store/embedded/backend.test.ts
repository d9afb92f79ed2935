// The embedded store as a backend. (What it answers is the contract suite's business.)

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { OperationError } from "../../../../host/model/errors.ts";
import { type EmbeddedBackend, openEmbedded } from "../../../../host/store/embedded/backend.ts";
import { PutRequestSchema, RangeRequestSchema, type WatchRequest, WatchRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { bytes } from "./asking.ts";

let folder: string;
let backend: EmbeddedBackend;
let worker: Worker | undefined;
let deaths: OperationError[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weft-backend-"));
  deaths = [];
  process.once("worker", (made) => {
    worker = made;
  });
  backend = await openEmbedded({
    file: join(folder, "store.db"),
    name: "m0",
    clientUrls: ["http://x:1"],
    onDeath: (error) => deaths.push(error),
  });
});
afterEach(async () => {
  await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (key: string) => backend.put(create(PutRequestSchema, { key: bytes(key) }));

/** Makes one watch of everything, and says nothing more until the signal. */
async function* watchAll(signal: AbortSignal, startRevision = 0n): AsyncGenerator<WatchRequest> {
  yield create(WatchRequestSchema, {
    requestUnion: { case: "createRequest", value: { key: bytes("\0"), rangeEnd: bytes("\0"), startRevision } },
  });
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

function follow(startRevision?: bigint) {
  const abort = new AbortController();
  const responses = backend.watch(watchAll(abort.signal, startRevision), abort.signal)[Symbol.asyncIterator]();
  return { abort, responses };
}

test("a watch tells what is committed, until its signal", async () => {
  const { abort, responses } = follow();
  expect((await responses.next()).value).toMatchObject({ created: true, header: { ...backend.identity, revision: 1n } });
  await put("a");
  expect((await responses.next()).value.events).toMatchObject([{ kv: { key: new Uint8Array(bytes("a")), modRevision: 2n } }]);
  const waiting = responses.next();
  abort.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

test("from history to what is committed there is no gap, whenever it begins", async () => {
  await put("before");
  const streams = [];
  const puts: Promise<unknown>[] = [];
  for (let n = 0; n < 50; n++) {
    puts.push(put(`k${n}`));
    streams.push(follow(2n));
    if (n % 7 === 0) await puts.at(-1);
  }
  await Promise.all(puts);
  for (const { abort, responses } of streams) {
    const revisions: bigint[] = [];
    while (revisions.at(-1) !== 52n)
      revisions.push(...(await responses.next()).value.events.map(({ kv }: { kv: { modRevision: bigint } }) => kv.modRevision));
    expect(revisions).toEqual(Array.from({ length: 51 }, (_, n) => BigInt(n + 2)));
    abort.abort();
  }
});

test("it is one member, by its name", async () => {
  const { members } = await backend.memberList();
  expect(members).toMatchObject([{ ID: backend.identity.memberId, name: "m0", clientURLs: ["http://x:1"] }]);
  expect((await backend.status()).leader).toBe(backend.identity.memberId);
});

test("a snapshot is a store of its own", async () => {
  await put("a");
  await backend.snapshot(join(folder, "copy.db"));
  const copy = await openEmbedded({ file: join(folder, "copy.db") });
  const { kvs } = await copy.range(create(RangeRequestSchema, { key: bytes("a") }));
  expect([kvs.length, copy.identity, copy.revision]).toEqual([1, backend.identity, 2n]);
  await copy.close();
});

test("watches end with a store that is closed, or has died", async () => {
  const closing = follow();
  await closing.responses.next();
  const waiting = closing.responses.next();
  await worker?.terminate();
  await expect(waiting).rejects.toMatchObject({ code: 14, message: "etcdserver: server stopped" });
  expect(deaths.map(({ message }) => message)).toEqual([`store ${join(folder, "store.db")}: its thread ended`]);
  await expect(put("a")).rejects.toMatchObject({ code: 14 });
});
