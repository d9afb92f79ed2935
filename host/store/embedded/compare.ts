// A transaction's compares: each holds of one key, or of all keys in a range. Store's thread.

import type { KeyValue } from "../generated/kv_pb.js";
import { type Compare, Compare_CompareResult as Result, Compare_CompareTarget as Target } from "../generated/rpc_pb.js";
import { compareBytes, intervalOf, NO_BYTES } from "./interval.ts";
import type { KeySpace } from "./keyspace.ts";
import { compareIntegers } from "./range.ts";

/** What a key that is not there is compared as, except by value: no value equals that of a key that is not there. */
const ABSENT: KeyValue = {
  $typeName: "mvccpb.KeyValue",
  key: NO_BYTES,
  createRevision: 0n,
  modRevision: 0n,
  version: 0n,
  lease: 0n,
  value: NO_BYTES,
};

export function holds(keys: KeySpace, compare: Compare): boolean {
  const found = keys.range(intervalOf(compare.key, compare.rangeEnd), null, -1n, compare.target !== Target.VALUE);
  if (found.length === 0) return compare.target !== Target.VALUE && holdsOf(compare, ABSENT);
  return found.every((kv) => holdsOf(compare, kv));
}

function holdsOf(compare: Compare, kv: KeyValue): boolean {
  const order = orderOf(compare, kv);
  switch (compare.result) {
    case Result.EQUAL:
      return order === 0;
    case Result.NOT_EQUAL:
      return order !== 0;
    case Result.GREATER:
      return order > 0;
    case Result.LESS:
      return order < 0;
    default:
      return false;
  }
}

function orderOf({ target, targetUnion }: Compare, kv: KeyValue): number {
  const given = targetUnion.value;
  const number = typeof given === "bigint" ? given : 0n;
  switch (target) {
    case Target.VALUE:
      return compareBytes(kv.value, given instanceof Uint8Array ? given : NO_BYTES);
    case Target.VERSION:
      return compareIntegers(kv.version, number);
    case Target.CREATE:
      return compareIntegers(kv.createRevision, number);
    case Target.MOD:
      return compareIntegers(kv.modRevision, number);
    case Target.LEASE:
      return compareIntegers(kv.lease, number);
    default:
      return 0;
  }
}
