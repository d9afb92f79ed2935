// A RangeRequest's own rules on top of the key space: filters, order, limit. Store's thread.

import type { KeyValue } from "../generated/kv_pb.js";
import { RangeRequest_SortOrder as Order, type RangeRequest, RangeRequest_SortTarget as Target } from "../generated/rpc_pb.js";
import { compareBytes, intervalOf, NO_BYTES } from "./interval.ts";
import type { KeySpace } from "./keyspace.ts";
import { Refused } from "./refused.ts";

export interface Found {
  kvs: KeyValue[];
  more: boolean;
  /** Of all keys in the range, whatever limit and filters left out. */
  count: bigint;
}

const NO_LIMIT = -1n;

/** `now` is the revision that there is, changes of the running transaction among it. */
export function find(keys: KeySpace, request: RangeRequest, now: bigint): Found {
  const interval = intervalOf(request.key, request.rangeEnd);
  const revision = request.revision <= 0n || request.revision === now ? null : request.revision;
  if (request.countOnly) return { kvs: [], more: false, count: keys.count(interval, revision) };
  const { limit, sortTarget } = request;
  // All of them have to be seen before it is known which come first. (Sorted by something else in no order: etcd sorts what the limit left.)
  const whole = limit <= 0n || request.sortOrder !== Order.NONE || isFiltered(request);
  // One more than asked for tells whether there are more.
  const all = keys.range(interval, revision, whole ? NO_LIMIT : limit + 1n, request.keysOnly && sortTarget !== Target.VALUE);
  const count =
    whole || BigInt(all.length) <= limit
      ? BigInt(all.length)
      : (keys.rests.take(interval, request.revision) ?? keys.count(interval, revision));
  const sorted = sort(isFiltered(request) ? all.filter((kv) => passes(kv, request)) : all, request);
  const more = limit > 0n && BigInt(sorted.length) > limit;
  const kvs = more ? sorted.slice(0, Number(limit)) : sorted;
  if (more && !whole) keys.rests.note(interval, kvs[kvs.length - 1].key, revision ?? now, count - limit);
  if (request.keysOnly) for (const kv of kvs) kv.value = NO_BYTES;
  return { kvs, more, count };
}

export function checkRange(request: RangeRequest): void {
  if (request.key.length === 0) throw new Refused("emptyKey");
  if (!(request.sortOrder in Order) || !(request.sortTarget in Target)) throw new Refused("invalidSortOption");
}

function isFiltered({ minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }: RangeRequest): boolean {
  return minModRevision !== 0n || maxModRevision !== 0n || minCreateRevision !== 0n || maxCreateRevision !== 0n;
}

function passes({ modRevision, createRevision }: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return (
    (minModRevision === 0n || modRevision >= minModRevision) &&
    (maxModRevision === 0n || modRevision <= maxModRevision) &&
    (minCreateRevision === 0n || createRevision >= minCreateRevision) &&
    (maxCreateRevision === 0n || createRevision <= maxCreateRevision)
  );
}

const orders: Record<Target, (a: KeyValue, b: KeyValue) => number> = {
  [Target.KEY]: (a, b) => compareBytes(a.key, b.key),
  [Target.VERSION]: (a, b) => compareIntegers(a.version, b.version),
  [Target.CREATE]: (a, b) => compareIntegers(a.createRevision, b.createRevision),
  [Target.MOD]: (a, b) => compareIntegers(a.modRevision, b.modRevision),
  [Target.VALUE]: (a, b) => compareBytes(a.value, b.value),
};

export function compareIntegers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** They come by key; those that are equal stay so. */
function sort(kvs: KeyValue[], { sortOrder, sortTarget }: RangeRequest): KeyValue[] {
  const order = orders[sortTarget];
  if (sortOrder === Order.DESCEND) return kvs.sort((a, b) => order(b, a));
  return sortTarget === Target.KEY ? kvs : kvs.sort(order);
}
