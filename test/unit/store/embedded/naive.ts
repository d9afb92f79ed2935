// etcd's data model, the slow and obvious way: every revision's keys in full. What the engine is compared with.

import type * as rpc from "../../../../host/store/generated/rpc_pb.js";
import { text } from "./asking.ts";

export interface Kv {
  key: string;
  value: string;
  create: number;
  mod: number;
  version: number;
  lease: bigint;
}

export interface NaiveEvent {
  key: string;
  kv: Kv | null;
  before: Kv | null;
}

type Keys = Map<string, Kv>;

class Refusal extends Error {}

function within(key: string, from: string, end: string): boolean {
  if (end === "") return key === from;
  return key >= from && (end === "\0" || key < end);
}

export class Naive {
  /** Keys at each revision. */
  readonly #revisions = new Map<number, Keys>([[1, new Map()]]);
  readonly events = new Map<number, NaiveEvent[]>();
  readonly leases = new Set<bigint>();
  revision = 1;
  compacted = 0;
  /** While a request runs: what it has made of the keys, and how. */
  #keys: Keys = new Map();
  #events: NaiveEvent[] = [];

  /** The answer, or the name of the refusal; nothing has happened then. */
  change<Value>(work: () => Value): Value | string {
    this.#keys = new Map(this.#now());
    this.#events = [];
    try {
      const value = work();
      if (this.#events.length === 0) return value;
      this.revision++;
      this.#revisions.set(this.revision, this.#keys);
      this.events.set(this.revision, this.#events);
      return value;
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }

  #now(): Keys {
    return this.#revisions.get(this.revision) ?? new Map();
  }

  #pick(keys: Keys, from: Uint8Array, end: Uint8Array): Kv[] {
    const found = [...keys.values()].filter(({ key }) => within(key, text(from), text(end)));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  range(request: rpc.RangeRequest) {
    if (Number(request.revision) > this.revision) throw new Refusal("futureRevision");
    if (request.revision > 0n && Number(request.revision) < this.compacted) throw new Refusal("compacted");
    // A revision that is asked for by number is what it was before this request.
    const keys = request.revision > 0n ? (this.#revisions.get(Number(request.revision)) ?? new Map()) : this.#keys;
    const all = this.#pick(keys, request.key, request.rangeEnd);
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
    const filtered = all.filter(
      ({ mod, create }) =>
        (minModRevision === 0n || mod >= minModRevision) &&
        (maxModRevision === 0n || mod <= maxModRevision) &&
        (minCreateRevision === 0n || create >= minCreateRevision) &&
        (maxCreateRevision === 0n || create <= maxCreateRevision),
    );
    const target = (kv: Kv) => [kv.key, kv.version, kv.create, kv.mod, kv.value][request.sortTarget];
    const order = (a: Kv, b: Kv) => (target(a) < target(b) ? -1 : target(a) > target(b) ? 1 : 0);
    if (request.sortOrder === 2) filtered.sort((a, b) => order(b, a));
    else if (request.sortOrder === 1) filtered.sort(order);
    if (request.countOnly) return { kvs: [], count: all.length, more: false };
    const limit = Number(request.limit) || Number.POSITIVE_INFINITY;
    const kvs = filtered.slice(0, limit).map((kv) => (request.keysOnly ? { ...kv, value: "" } : kv));
    return { kvs, count: all.length, more: filtered.length > limit };
  }

  put({ key: asked, value, lease, prevKv, ignoreValue, ignoreLease }: rpc.PutRequest) {
    const key = text(asked);
    const old = this.#keys.get(key) ?? null;
    if (lease !== 0n && !this.leases.has(lease)) throw new Refusal("leaseNotFound");
    if ((ignoreValue || ignoreLease) && !old) throw new Refusal("keyNotFound");
    const held = ignoreLease ? (old?.lease ?? 0n) : lease;
    const mod = this.revision + 1;
    const create = old?.create ?? mod;
    const kv = { key, value: ignoreValue ? (old?.value ?? "") : text(value), create, mod, version: (old?.version ?? 0) + 1, lease: held };
    this.#keys.set(key, kv);
    this.#events.push({ key, kv, before: old });
    return { prev: prevKv ? old : null };
  }

  deleteRange({ key, rangeEnd, prevKv }: rpc.DeleteRangeRequest) {
    const old = this.#pick(this.#keys, key, rangeEnd);
    this.#remove(old);
    return { deleted: old.length, prev: prevKv ? old : [] };
  }

  #remove(old: Kv[]): void {
    for (const kv of old) {
      this.#keys.delete(kv.key);
      this.#events.push({ key: kv.key, kv: null, before: kv });
    }
  }

  txn(request: rpc.TxnRequest): unknown {
    const before = new Map(this.#keys);
    const all = this.#taken(request, before);
    // In a transaction all puts are looked at first, and of each the key before the lease; then all ranges.
    for (const one of all) {
      if (one.case !== "requestPut") continue;
      const { key, lease, ignoreValue, ignoreLease } = one.value;
      if ((ignoreValue || ignoreLease) && !before.has(text(key))) throw new Refusal("keyNotFound");
      if (lease !== 0n && !this.leases.has(lease)) throw new Refusal("leaseNotFound");
    }
    for (const one of all) if (one.case === "requestRange") this.range(one.value);
    return this.#branch(request, before);
  }

  #taken({ compare, success, failure }: rpc.TxnRequest, before: Keys): rpc.RequestOp["request"][] {
    const branch = compare.every((one) => this.#holds(one, before)) ? success : failure;
    return branch.flatMap(({ request }) => (request.case === "requestTxn" ? this.#taken(request.value, before) : [request]));
  }

  #branch({ compare, success, failure }: rpc.TxnRequest, before: Keys): unknown {
    const succeeded = compare.every((one) => this.#holds(one, before));
    const responses = (succeeded ? success : failure).map(({ request }): unknown => {
      if (request.case === "requestRange") return this.range(request.value);
      if (request.case === "requestPut") return this.put(request.value);
      if (request.case === "requestDeleteRange") return this.deleteRange(request.value);
      return request.case === "requestTxn" ? this.#branch(request.value, before) : null;
    });
    return { succeeded, responses };
  }

  #holds({ key, rangeEnd, target, targetUnion, result }: rpc.Compare, before: Keys): boolean {
    const found = this.#pick(before, key, rangeEnd);
    if (found.length === 0 && target === 3) return false;
    const absent = { key: "", value: "", create: 0, mod: 0, version: 0, lease: 0n };
    const given = target === 3 ? text((targetUnion.value ?? new Uint8Array()) as Uint8Array) : ((targetUnion.value ?? 0n) as bigint);
    return (found.length === 0 ? [absent] : found).every((kv) => {
      const is = target === 3 ? kv.value : BigInt([kv.version, kv.create, kv.mod, 0, kv.lease][target]);
      return [is === given, is > given, is < given, is !== given][result];
    });
  }

  compact(revision: number) {
    if (revision <= this.compacted) throw new Refusal("compacted");
    if (revision > this.revision) throw new Refusal("futureRevision");
    this.compacted = revision;
    return {};
  }

  grant(id: bigint) {
    if (this.leases.has(id)) throw new Refusal("leaseExists");
    this.leases.add(id);
    return {};
  }

  revoke(id: bigint) {
    if (!this.leases.delete(id)) throw new Refusal("leaseNotFound");
    this.#remove(this.keysOf(id));
    return {};
  }

  keysOf(id: bigint): Kv[] {
    return this.#pick(this.#keys, new Uint8Array(1), new Uint8Array(1)).filter(({ lease }) => lease === id);
  }
}
