import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  DeleteRangeRequestSchema,
  PutRequestSchema,
  RangeRequestSchema,
  type RequestOpSchema,
  TxnRequestSchema,
  WatchRequestSchema,
} from "../../../host/store/generated/rpc_pb.js";
import {
  judgeCall,
  judgeDelete,
  judgeKeys,
  judgeLease,
  judgePut,
  judgeRange,
  judgeTxn,
  judgeWatch,
  WORKER_RANGE_MAX,
} from "../../../host/store/judge.ts";
import { newLeaseId } from "../../../host/store/lease-ids.ts";
import { CALL_RIGHTS, type Caller } from "../../../host/store/rights.ts";

const worker = { nodeId: "w1", role: "worker" } as const;
const manager = { nodeId: "m1", role: "manager" } as const;
const key = (text: string) => Buffer.from(text);
const OWN = key("/weft/v1/alive/w1");
const CLUSTER = key("/weft/v1/cluster");
const TOKEN = key("/weft/v1/token/worker");

type Operation = MessageInitShape<typeof RequestOpSchema>["request"];
const read = (which: Uint8Array): Operation => ({ case: "requestRange", value: { key: which } });
const VALUE = key(JSON.stringify({ incarnation: 1 }));
const write = (which: Uint8Array, lease = 0n): Operation => ({ case: "requestPut", value: { key: which, lease, value: VALUE } });
const remove = (which: Uint8Array): Operation => ({ case: "requestDeleteRange", value: { key: which } });
const txn = (...operations: Operation[]): Operation => ({
  case: "requestTxn",
  value: { success: operations.map((request) => ({ request })) },
});

function judged(side: "success" | "failure", ...operations: Operation[]): string | null {
  return judgeTxn(worker, create(TxnRequestSchema, { [side]: operations.map((request) => ({ request })) }));
}

test("a refusal says who may not do what with which keys", () => {
  expect(judgeKeys(worker, "read", { key: TOKEN, rangeEnd: key("") })).toBe('worker w1 may not read "/weft/v1/token/worker"');
  expect(judgeKeys(worker, "read", { key: key("a"), rangeEnd: key("\0") })).toBe('worker w1 may not read "a" up to "\\u0000"');
  expect(judgeKeys(worker, "write", { key: key("x".repeat(5000)), rangeEnd: key("") })?.length).toBeLessThan(200);
});

test("a put names a key that may be written, a lease of the node, and is told of the old value only if it may read it", () => {
  const put = (more: MessageInitShape<typeof PutRequestSchema>) =>
    judgePut(worker, create(PutRequestSchema, { key: OWN, value: VALUE, ...more }));
  expect(put({})).toBe(null);
  expect(put({ prevKv: true, lease: newLeaseId("w1") })).toBe(null);
  expect(put({ lease: newLeaseId("w2") })).toMatch(/may not use lease .*: it was not given to it/);
  expect(put({ value: key("{}") })).toMatch(/^worker w1 may not write this to "\/weft\/v1\/alive\/w1": incarnation: /);
  expect(put({ value: key(""), ignoreValue: true })).toBe(null);
  expect(put({ key: CLUSTER })).toBe('worker w1 may not write "/weft/v1/cluster"');
});

test("a delete is a write", () => {
  expect(judgeDelete(worker, create(DeleteRangeRequestSchema, { key: OWN, prevKv: true }))).toBe(null);
  expect(judgeDelete(worker, create(DeleteRangeRequestSchema, { key: OWN, rangeEnd: key("\0") }))).toMatch(/may not write/);
});

test.each(["success", "failure"] as const)("each operation of a transaction is judged, on %s, however deep", (side) => {
  expect(judged(side, read(CLUSTER), write(OWN), remove(OWN), txn(read(CLUSTER), txn(write(OWN))))).toBe(null);
  for (const bad of [read(TOKEN), write(CLUSTER), remove(CLUSTER), write(OWN, 7n), txn(write(CLUSTER)), txn(txn(read(TOKEN)))]) {
    expect(judged(side, read(CLUSTER), bad)).toMatch(/^worker w1 may not/);
  }
  expect(judged(side, txn(txn(txn(txn(read(CLUSTER))))))).toBe("a transaction may have 4 levels, not more");
});

test("a worker's range is one page by itself, in the order of keys; a manager's is as it likes", () => {
  const nodes = { key: key("/weft/v1/node/"), rangeEnd: key("/weft/v1/node0") };
  const range = (more: MessageInitShape<typeof RangeRequestSchema>, caller: Caller = worker) =>
    judgeRange(caller, create(RangeRequestSchema, { ...nodes, ...more }));
  const limit = BigInt(WORKER_RANGE_MAX);
  for (const more of [{ limit }, { countOnly: true }, { rangeEnd: key("") }, { limit: 1n, revision: 7n, keysOnly: true }])
    expect(range(more)).toBe(null);
  for (const more of [{}, { limit: -1n }, { limit: limit + 1n }])
    expect(range(more)).toMatch(/may not read more than 10000 keys at a time/);
  for (const more of [{ sortOrder: 1 }, { minModRevision: 1n }, { maxCreateRevision: 9n }])
    expect(range({ limit, ...more })).toMatch(/may not have a range sorted or filtered/);
  expect(range({ sortOrder: 1 }, manager)).toBe(null);
  expect(judged("success", { case: "requestRange", value: { ...nodes, limit } })).toBe("worker w1 may not read a range in a transaction");
});

test("a worker's transaction has few operations, at all levels together", () => {
  const many = (n: number): Operation[] => Array.from({ length: n }, () => read(CLUSTER));
  expect(judged("success", ...many(7), txn(...many(8)))).toBe(null);
  expect(judged("failure", ...many(8), txn(...many(8)))).toBe("worker w1 may not have more than 16 operations in a transaction");
  expect(judgeTxn(manager, create(TxnRequestSchema, { success: many(100).map((request) => ({ request })) }))).toBe(null);
});

test("comparing is reading", () => {
  const compare = (which: Uint8Array, rangeEnd = key("")) =>
    judgeTxn(worker, create(TxnRequestSchema, { compare: [{ key: which, rangeEnd }] }));
  expect(compare(CLUSTER)).toBe(null);
  expect(compare(TOKEN)).toMatch(/may not read/);
  expect(compare(CLUSTER, key("\0"))).toMatch(/may not read/);
});

test("a watch is judged as a range", () => {
  const watch = (from: string, to: string) =>
    judgeWatch(
      worker,
      create(WatchRequestSchema, { requestUnion: { case: "createRequest", value: { key: key(from), rangeEnd: key(to) } } }),
    );
  expect(watch("/weft/v1/node/", "/weft/v1/node0")).toBe(null);
  expect(watch("/weft/v1/", "/weft/v10")).toMatch(/may not read/);
  expect(judgeWatch(worker, create(WatchRequestSchema, { requestUnion: { case: "progressRequest", value: {} } }))).toBe(null);
});

test("calls and leases", () => {
  expect(judgeCall(worker, "compact")).toBe("worker w1 may not call KV/Compact");
  for (const call of Object.keys(CALL_RIGHTS) as (keyof typeof CALL_RIGHTS)[]) expect(judgeCall(manager, call)).toBe(null);
  expect(judgeLease(worker, newLeaseId("w1"))).toBe(null);
  expect(judgeLease(worker, newLeaseId("m1"))).toMatch(/^worker w1 may not use lease/);
  expect(judgeLease(manager, newLeaseId("w1"))).toBe(null);
});
