// The key space: what keys are, what they were, and history by pages of whole revisions.

import { expect, test } from "vitest";
import { deleteEvent, putEvent } from "../../../../host/store/embedded/keyspace.ts";
import { ask, bytes, engineOf, put, text } from "./asking.ts";

const ALL = { kind: "rest" as const, from: bytes("\0") };

/** a, b and c at revision 2, then a changed three times, b deleted at revision 6. */
function engineWithHistory() {
  const { engine } = engineOf();
  const success = ["a", "b", "c"].map((key) => ({ request: { case: "requestPut" as const, value: { key: bytes(key) } } }));
  ask(engine, "txn", { success });
  for (const value of ["1", "2", "3"]) put(engine, "a", value);
  ask(engine, "deleteRange", { key: bytes("b") });
  return engine;
}

test("each revision is what it was", () => {
  const engine = engineWithHistory();
  const at = (revision: bigint | null) => engine.keys.range(ALL, revision, -1n, false).map(({ key, value }) => text(key) + text(value));
  expect([at(1n), at(2n), at(4n), at(5n), at(null)]).toEqual([[], ["a", "b", "c"], ["a2", "b", "c"], ["a3", "b", "c"], ["a3", "c"]]);
  expect([engine.keys.count(ALL, 4n), engine.keys.count(ALL, null)]).toEqual([3n, 2n]);
  expect(engine.keys.range({ kind: "upto", from: bytes("a"), to: bytes("c") }, 4n, 1n, true)).toMatchObject([
    { value: new Uint8Array(0), version: 3n },
  ]);
  expect(engine.keys.get(bytes("b"))).toBeUndefined();
});

test("history comes in whole revisions, and says where it goes on", () => {
  const engine = engineWithHistory();
  const page = (from: bigint, eventsMax: number, bytesMax = 1e9) => {
    const { events, next } = engine.keys.history(ALL, from, engine.revision, false, eventsMax, bytesMax);
    return [events.map(({ type, kv }) => `${type === 1 ? "-" : "+"}${text(kv?.key ?? bytes(""))}`).join(""), next];
  };
  expect(page(2n, 1)).toEqual(["+a+b+c", 3n]);
  expect(page(2n, 4)).toEqual(["+a+b+c+a", 4n]);
  expect(page(4n, 100)).toEqual(["+a+a-b", 7n]);
  expect(page(2n, 100, 1)).toEqual(["+a+b+c", 3n]);
  expect(page(7n, 100)).toEqual(["", 7n]);
});

test("history of one key, with what was before", () => {
  const engine = engineWithHistory();
  const { events } = engine.keys.history({ kind: "one", from: bytes("b") }, 1n, engine.revision, true, 10, 1e9);
  expect(events.map(({ type, prevKv }) => [type, prevKv?.version])).toEqual([
    [0, undefined],
    [1, 1n],
  ]);
});

test("what a compaction forgets is gone; the revision itself, and what is, stay", () => {
  const engine = engineWithHistory();
  engine.keys.compact(5n);
  expect(engine.keys.range(ALL, 5n, -1n, false).map(({ key }) => text(key))).toEqual(["a", "b", "c"]);
  const { events } = engine.keys.history(ALL, 1n, engine.revision, true, 10, 1e9);
  expect(events.map(({ kv, prevKv }) => [text(kv?.key ?? bytes("")), kv?.modRevision, prevKv !== undefined])).toEqual([
    ["b", 2n, false],
    ["c", 2n, false],
    ["a", 5n, false],
    ["b", 6n, true],
  ]);
});

test("events are etcd's: a deletion has the key and its revision, and nothing else", () => {
  const { kv } = putEvent({ ...deleteEvent(bytes("a"), 3n, undefined).kv!, version: 1n }, undefined);
  expect(kv).toMatchObject({ version: 1n, modRevision: 3n });
  expect(deleteEvent(bytes("a"), 3n, kv)).toMatchObject({ type: 1, kv: { createRevision: 0n, modRevision: 3n, version: 0n }, prevKv: kv });
});
