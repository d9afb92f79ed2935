// The store's words in etcd's messages and back. Main thread.

import { create } from "@bufbuild/protobuf";
import type { Change, Compare, Entry, WatchEvent } from "../../model/cluster/store.ts";
import { type Event, Event_EventType, type KeyValue } from "../generated/kv_pb.js";
import {
  CompareSchema,
  type RequestOp,
  RequestOpSchema,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  type TxnRequest,
  TxnRequestSchema,
} from "../generated/rpc_pb.js";

/** What etcd takes for "from here to the end of all keys", and for the first key of all. */
const ZERO = new Uint8Array(1);

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** The keys that begin with a prefix, as etcd has ranges: from `key` up to and without `rangeEnd`. */
export function rangeOf(prefix: string): { key: Uint8Array; rangeEnd: Uint8Array } {
  const key = bytesOf(prefix);
  const last = key.findLastIndex((byte) => byte < 255);
  if (last < 0) return { key: key.length === 0 ? ZERO : key, rangeEnd: ZERO };
  const rangeEnd = Buffer.from(key.subarray(0, last + 1)); // a copy: Buffer's slice() is none
  rangeEnd[last]++;
  return { key, rangeEnd };
}

/** The first key after this one. */
export function keyAfter(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, ZERO]);
}

export function entryOf({ key, value, createRevision, modRevision, version, lease }: KeyValue): Entry {
  return {
    key: textOf(key),
    value: textOf(value),
    createRevision: Number(createRevision),
    modRevision: Number(modRevision),
    version: Number(version),
    lease: lease.toString(),
  };
}

export function eventOf({ type, kv }: Event): WatchEvent {
  if (!kv) throw new Error("an event without a key");
  if (type === Event_EventType.DELETE) return { type: "delete", key: textOf(kv.key), modRevision: Number(kv.modRevision) };
  return { type: "put", entry: entryOf(kv) };
}

function compareOf(compare: Compare) {
  const key = bytesOf(compare.key);
  if ("is" in compare)
    return create(CompareSchema, {
      key,
      target: Target.CREATE,
      result: compare.is === "absent" ? Result.EQUAL : Result.GREATER,
      targetUnion: { case: "createRevision", value: 0n },
    });
  if ("modRevision" in compare)
    return create(CompareSchema, {
      key,
      target: Target.MOD,
      result: Result.EQUAL,
      targetUnion: { case: "modRevision", value: BigInt(compare.modRevision) },
    });
  return create(CompareSchema, {
    key,
    target: Target.VALUE,
    result: Result.EQUAL,
    targetUnion: { case: "value", value: bytesOf(compare.value) },
  });
}

function operationOf(change: Change): RequestOp {
  if ("put" in change)
    return create(RequestOpSchema, {
      request: {
        case: "requestPut",
        value: { key: bytesOf(change.put), value: bytesOf(change.value), lease: BigInt(change.lease ?? 0) },
      },
    });
  const range = "delete" in change ? { key: bytesOf(change.delete) } : rangeOf(change.deletePrefix);
  return create(RequestOpSchema, { request: { case: "requestDeleteRange", value: range } });
}

export function transactionOf(compares: readonly Compare[], changes: readonly Change[]): TxnRequest {
  return create(TxnRequestSchema, { compare: compares.map(compareOf), success: changes.map(operationOf) });
}
