// Whether a caller may make a request of etcd's API, by the table of rights.ts: every key that it reads, compares or writes, and every lease
// that it names, in transactions within transactions too. Answers what is refused, in words, or null. Pure. Main thread.

import { ownRecordFault } from "../model/cluster/own-records.ts";
import type { Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchRequest } from "./generated/rpc_pb.js";
import { RangeRequest_SortOrder as Order } from "./generated/rpc_pb.js";
import { isLeaseOf } from "./lease-ids.ts";
import { type Access, CALL_RIGHTS, type Caller, mayTouch } from "./rights.ts";

/** Transactions within transactions; etcd's own have one. */
const TXN_DEPTH_MAX = 4;
/** What a worker may have in one, its compares and inner transactions counted; its agent has one. */
export const WORKER_OPERATIONS_MAX = 16;
/** Keys that a worker may read at a time: its agent takes up to 4,000. */
export const WORKER_RANGE_MAX = 10_000;
/** Longest key that a refusal quotes, in bytes. */
const QUOTED_MAX = 100;
const NO_END = new Uint8Array();

interface Keys {
  key: Uint8Array;
  rangeEnd: Uint8Array;
}

export function judgeKeys(caller: Caller, access: Access, { key, rangeEnd }: Keys): string | null {
  if (mayTouch(caller, access, key, rangeEnd)) return null;
  const end = rangeEnd.length > 0 ? ` up to ${quoted(rangeEnd)}` : "";
  return `${who(caller)} may not ${access} ${quoted(key)}${end}`;
}

/** A worker's range is one page, in the order of keys: all else is work and memory as large as the cluster. */
export function judgeRange(caller: Caller, request: RangeRequest): string | null {
  const refusal = judgeKeys(caller, "read", request);
  if (refusal !== null || caller.role === "manager" || request.rangeEnd.length === 0) return refusal;
  if (isSorted(request)) return `${who(caller)} may not have a range sorted or filtered: it is read in the order of its keys`;
  const isPage = request.countOnly || (request.limit > 0n && request.limit <= WORKER_RANGE_MAX);
  return isPage ? null : `${who(caller)} may not read more than ${WORKER_RANGE_MAX} keys at a time: the range has to have a limit`;
}

function isSorted({ sortOrder, minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }: RangeRequest): boolean {
  return sortOrder !== Order.NONE || [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some((at) => at !== 0n);
}

export function judgePut(caller: Caller, { key, value, lease, prevKv, ignoreValue }: PutRequest): string | null {
  const keys = { key, rangeEnd: NO_END };
  return (
    judgeKeys(caller, "write", keys) ??
    (caller.role === "worker" && !ignoreValue ? judgeValue(caller, key, value) : null) ??
    (prevKv ? judgeKeys(caller, "read", keys) : null) ??
    (lease !== 0n ? judgeLease(caller, lease) : null)
  );
}

function judgeValue(caller: Caller, key: Uint8Array, value: Uint8Array): string | null {
  const fault = ownRecordFault(Buffer.from(key).toString(), value);
  return fault === null ? null : `${who(caller)} may not write this to ${quoted(key)}: ${fault}`;
}

export function judgeDelete(caller: Caller, { key, rangeEnd, prevKv }: DeleteRangeRequest): string | null {
  const keys = { key, rangeEnd };
  return judgeKeys(caller, "write", keys) ?? (prevKv ? judgeKeys(caller, "read", keys) : null);
}

export function judgeTxn(caller: Caller, request: TxnRequest): string | null {
  return judgeLevel(caller, request, 1, { left: caller.role === "worker" ? WORKER_OPERATIONS_MAX : Number.POSITIVE_INFINITY });
}

function judgeLevel(caller: Caller, { compare, success, failure }: TxnRequest, depth: number, may: { left: number }): string | null {
  if (depth > TXN_DEPTH_MAX) return `a transaction may have ${TXN_DEPTH_MAX} levels, not more`;
  may.left -= compare.length + success.length + failure.length;
  if (may.left < 0) return `${who(caller)} may not have more than ${WORKER_OPERATIONS_MAX} operations in a transaction`;
  return (
    first(compare, (keys) => judgeRead(caller, keys)) ??
    first([...success, ...failure], (operation) => judgeOperation(caller, operation, depth, may))
  );
}

/** In a transaction a worker reads single keys. */
function judgeRead(caller: Caller, keys: Compare | RangeRequest): string | null {
  const refusal = judgeKeys(caller, "read", keys);
  if (refusal !== null || caller.role === "manager" || keys.rangeEnd.length === 0) return refusal;
  return `${who(caller)} may not read a range in a transaction`;
}

function judgeOperation(caller: Caller, { request }: RequestOp, depth: number, may: { left: number }): string | null {
  switch (request.case) {
    case "requestRange":
      return judgeRead(caller, request.value);
    case "requestPut":
      return judgePut(caller, request.value);
    case "requestDeleteRange":
      return judgeDelete(caller, request.value);
    case "requestTxn":
      return judgeLevel(caller, request.value, depth + 1, may);
    default:
      return null; // nothing is asked; the store says what it thinks of that
  }
}

/** Cancelling and asking for progress is about watches of the same stream. */
export function judgeWatch(caller: Caller, { requestUnion }: WatchRequest): string | null {
  return requestUnion.case === "createRequest" ? judgeKeys(caller, "read", requestUnion.value) : null;
}

export function judgeLease(caller: Caller, lease: bigint): string | null {
  if (caller.role === "manager" || isLeaseOf(caller.nodeId, lease)) return null;
  return `${who(caller)} may not use lease ${lease.toString(16)}: it was not given to it`;
}

export function judgeCall(caller: Caller, call: keyof typeof CALL_RIGHTS): string | null {
  return caller.role === "manager" || CALL_RIGHTS[call].may !== "none" ? null : `${who(caller)} may not call ${CALL_RIGHTS[call].call}`;
}

function first<Item>(items: Item[], judge: (item: Item) => string | null): string | null {
  for (const item of items) {
    const refusal = judge(item);
    if (refusal !== null) return refusal;
  }
  return null;
}

function who({ nodeId, role }: Caller): string {
  return `${role} ${nodeId}`;
}

/** Keys that are not text are shown as what they would be. */
function quoted(key: Uint8Array): string {
  return JSON.stringify(Buffer.from(key.subarray(0, QUOTED_MAX)).toString("utf8"));
}
