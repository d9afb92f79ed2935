// One revision: made only when something changes, and seen from within.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  type Compare_CompareTarget,
  type RequestOpSchema,
  Compare_CompareTarget as Target,
} from "../../../../host/store/generated/rpc_pb.js";
import { ask, bytes, engineOf, list, put } from "./asking.ts";

type Operation = MessageInitShape<typeof RequestOpSchema>;
const putOf = (key: string, fields = {}): Operation => ({ request: { case: "requestPut", value: { key: bytes(key), ...fields } } });
const all: Operation = { request: { case: "requestRange", value: { key: bytes("\0"), rangeEnd: bytes("\0") } } };
const remove = (key: string): Operation => ({ request: { case: "requestDeleteRange", value: { key: bytes(key), prevKv: true } } });
const absent = (key: string) => ({
  key: bytes(key),
  target: Target.CREATE as Compare_CompareTarget,
  targetUnion: { case: "createRevision" as const, value: 0n },
});

test("nothing changed, no revision", () => {
  const { engine } = engineOf();
  ask(engine, "txn", { success: [all, remove("a")] });
  ask(engine, "deleteRange", { key: bytes("a") });
  expect([engine.revision, engine.takeCommits()]).toEqual([1n, []]);
});

test("operations see what those before them did, all in one revision", () => {
  const { engine } = engineOf();
  const { responses, header } = ask(engine, "txn", { success: [putOf("a"), all, putOf("b"), remove("a"), all].filter((_, n) => n !== 3) });
  expect(responses.map(({ response }) => (response.case === "responseRange" ? response.value.count : response.case))).toEqual([
    "responsePut",
    1n,
    "responsePut",
    2n,
  ]);
  expect([header?.revision, engine.takeCommits().map(({ events }) => events.length)]).toEqual([2n, [2]]);
});

test("compares of an inner transaction see what was before the outer", () => {
  const { engine } = engineOf();
  const inner: Operation = {
    request: { case: "requestTxn", value: { compare: [absent("a")], success: [putOf("b")], failure: [putOf("c")] } },
  };
  ask(engine, "txn", { success: [putOf("a"), inner] });
  expect(list(engine)).toEqual(["a=", "b="]);
});

test("one that cannot be done leaves no trace", () => {
  const { engine } = engineOf();
  expect(() => ask(engine, "txn", { success: [putOf("a"), putOf("b", { lease: 9n })] })).toThrow("leaseNotFound");
  expect(() => ask(engine, "txn", { success: [putOf("a"), putOf("b", { ignoreValue: true })] })).toThrow("keyNotFound");
  const future: Operation = { request: { case: "requestRange", value: { key: bytes("a"), revision: 2n } } };
  expect(() => ask(engine, "txn", { success: [putOf("a"), future] })).toThrow("futureRevision");
  expect([list(engine), engine.revision, engine.takeCommits()]).toEqual([[], 1n, []]);
});

test("a lease takes with it the keys that are on it now", () => {
  const { engine } = engineOf();
  ask(engine, "leaseGrant", { ID: 1n, TTL: 60n });
  put(engine, "a", "", 1n);
  put(engine, "b", "", 1n);
  put(engine, "b", "");
  ask(engine, "put", { key: bytes("a"), value: bytes("2"), ignoreLease: true });
  expect(ask(engine, "leaseTimeToLive", { ID: 1n, keys: true }).keys).toEqual([new Uint8Array(bytes("a"))]);
  ask(engine, "leaseRevoke", { ID: 1n });
  expect(list(engine)).toEqual(["b="]);
});
