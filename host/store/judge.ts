// Whether a caller may make a request of etcd's API, by the table of rights.ts: every key that it reads, compares or writes, and every lease
// that it names, in transactions within transactions too. Answers what is refused, in words, or null. Pure. Main thread.

import type { DeleteRangeRequest, PutRequest, RequestOp, TxnRequest, WatchRequest } from "./generated/rpc_pb.js";
import { isLeaseOf } from "./lease-ids.ts";
import { type Access, CALL_RIGHTS, type Caller, mayTouch } from "./rights.ts";

/** Transactions within transactions; etcd's own have one. */
const TXN_DEPTH_MAX = 4;
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

export function judgePut(caller: Caller, { key, lease, prevKv }: PutRequest): string | null {
  const keys = { key, rangeEnd: NO_END };
  return (
    judgeKeys(caller, "write", keys) ??
    (prevKv ? judgeKeys(caller, "read", keys) : null) ??
    (lease !== 0n ? judgeLease(caller, lease) : null)
  );
}

export function judgeDelete(caller: Caller, { key, rangeEnd, prevKv }: DeleteRangeRequest): string | null {
  const keys = { key, rangeEnd };
  return judgeKeys(caller, "write", keys) ?? (prevKv ? judgeKeys(caller, "read", keys) : null);
}

export function judgeTxn(caller: Caller, { compare, success, failure }: TxnRequest, depth = 1): string | null {
  if (depth > TXN_DEPTH_MAX) return `a transaction may have ${TXN_DEPTH_MAX} levels, not more`;
  return (
    first(compare, (keys) => judgeKeys(caller, "read", keys)) ??
    first(success, (operation) => judgeOperation(caller, operation, depth)) ??
    first(failure, (operation) => judgeOperation(caller, operation, depth))
  );
}

function judgeOperation(caller: Caller, { request }: RequestOp, depth: number): string | null {
  switch (request.case) {
    case "requestRange":
      return judgeKeys(caller, "read", request.value);
    case "requestPut":
      return judgePut(caller, request.value);
    case "requestDeleteRange":
      return judgeDelete(caller, request.value);
    case "requestTxn":
      return judgeTxn(caller, request.value, depth + 1);
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
