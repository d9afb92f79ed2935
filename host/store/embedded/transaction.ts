// One revision being made: what a put, a deletion, a transaction or a lease's end does to the key space, and the events that watchers will be
// told. Requests have been checked (host/store/embedded/check.ts). Refused may be thrown half-way: whoever drives it rolls back. Store's thread.

import type { Event, KeyValue } from "../generated/kv_pb.js";
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseHeader,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from "../generated/rpc_pb.js";
import { holds } from "./compare.ts";
import { intervalOf } from "./interval.ts";
import { deleteEvent, type KeySpace, putEvent } from "./keyspace.ts";
import type { Leases } from "./leases.ts";
import { find } from "./range.ts";
import { Refused } from "./refused.ts";

/** What is done of a transaction, decided before any of it is done. */
interface Path {
  succeeded: boolean;
  /** One for each transaction among the operations. */
  inner: Path[];
}

export interface Standing {
  revision: bigint;
  compacted: bigint;
  /** Nothing may be put. */
  isFull: boolean;
  header(revision: bigint): ResponseHeader;
}

export class Transaction {
  readonly events: Event[] = [];
  readonly #keys: KeySpace;
  readonly #leases: Leases;
  readonly #before: Standing;

  constructor(keys: KeySpace, leases: Leases, before: Standing) {
    this.#keys = keys;
    this.#leases = leases;
    this.#before = before;
  }

  /** A new one as soon as anything has changed. */
  get revision(): bigint {
    return this.#before.revision + (this.events.length > 0 ? 1n : 0n);
  }

  range(request: RangeRequest): RangeResponse {
    this.#checkRange(request);
    const { kvs, more, count } = find(this.#keys, request, this.revision);
    return { $typeName: "etcdserverpb.RangeResponse", header: this.#header(), kvs, more, count };
  }

  put(request: PutRequest): PutResponse {
    const { key, prevKv, ignoreValue, ignoreLease } = request;
    const old = this.#keys.get(key);
    this.#checkLease(request);
    this.#checkKey(request);
    if (this.#before.isFull) throw new Refused("noSpace");
    const lease = ignoreLease ? (old?.lease ?? 0n) : request.lease;
    const modRevision = this.#before.revision + 1n;
    const kv: KeyValue = {
      $typeName: "mvccpb.KeyValue",
      key,
      createRevision: old?.createRevision ?? modRevision,
      modRevision,
      version: (old?.version ?? 0n) + 1n,
      lease,
      value: ignoreValue && old ? old.value : request.value,
    };
    this.#keys.put(kv, this.events.length, old);
    this.events.push(putEvent(kv, old));
    return { $typeName: "etcdserverpb.PutResponse", header: this.#header(), prevKv: prevKv ? old : undefined };
  }

  deleteRange({ key, rangeEnd, prevKv }: DeleteRangeRequest): DeleteRangeResponse {
    const old = this.#keys.range(intervalOf(key, rangeEnd), null, -1n, false);
    this.#delete(old);
    const prevKvs = prevKv ? old : [];
    return { $typeName: "etcdserverpb.DeleteRangeResponse", header: this.#header(), deleted: BigInt(old.length), prevKvs };
  }

  /** Takes the lease back, and with it its keys. */
  endLease(id: bigint): undefined {
    this.#leases.remove(id);
    this.#delete(this.#keys.keysOf(id));
  }

  txn(request: TxnRequest): TxnResponse {
    const path = this.#pathOf(request);
    const operations = [...taken(request, path)];
    // What etcd looks at first it complains of first.
    for (const { request: one } of operations)
      if (one.case === "requestPut") {
        this.#checkKey(one.value);
        this.#checkLease(one.value);
      }
    for (const { request: one } of operations) if (one.case === "requestRange") this.#checkRange(one.value);
    return this.#follow(request, path);
  }

  #checkRange({ revision }: RangeRequest): void {
    if (revision > this.#before.revision) throw new Refused("futureRevision");
    if (revision > 0n && revision < this.#before.compacted) throw new Refused("compacted");
  }

  #checkKey({ key, ignoreValue, ignoreLease }: PutRequest): void {
    if ((ignoreValue || ignoreLease) && !this.#keys.get(key)) throw new Refused("keyNotFound");
  }

  #checkLease({ lease }: PutRequest): void {
    if (lease !== 0n && !this.#leases.has(lease)) throw new Refused("leaseNotFound");
  }

  #delete(old: KeyValue[]): void {
    const revision = this.#before.revision + 1n;
    for (const kv of old) {
      this.#keys.delete(kv, revision, this.events.length);
      this.events.push(deleteEvent(kv.key, revision, kv));
    }
  }

  /** All compares see the state as it was before, those of inner transactions too. */
  #pathOf({ compare, success, failure }: TxnRequest): Path {
    const succeeded = compare.every((one) => holds(this.#keys, one));
    const inner = (succeeded ? success : failure).flatMap(({ request }) =>
      request.case === "requestTxn" ? [this.#pathOf(request.value)] : [],
    );
    return { succeeded, inner };
  }

  #follow({ success, failure }: TxnRequest, { succeeded, inner }: Path): TxnResponse {
    const paths = inner.values();
    const responses = (succeeded ? success : failure).map(
      (operation): ResponseOp => ({ $typeName: "etcdserverpb.ResponseOp", response: this.#do(operation, paths) }),
    );
    return { $typeName: "etcdserverpb.TxnResponse", header: this.#header(), succeeded, responses };
  }

  #do({ request }: RequestOp, paths: Iterator<Path>): ResponseOp["response"] {
    switch (request.case) {
      case "requestRange":
        return { case: "responseRange", value: this.range(request.value) };
      case "requestPut":
        return { case: "responsePut", value: this.put(request.value) };
      case "requestDeleteRange":
        return { case: "responseDeleteRange", value: this.deleteRange(request.value) };
      case "requestTxn":
        return { case: "responseTxn", value: this.#follow(request.value, paths.next().value) };
      default:
        throw new Refused("keyNotFound");
    }
  }

  #header(): ResponseHeader {
    return this.#before.header(this.revision);
  }
}

/** The operations of the branches that are taken, those of inner transactions among them. */
function* taken({ success, failure }: TxnRequest, { succeeded, inner }: Path): Generator<RequestOp> {
  const paths = inner.values();
  for (const operation of succeeded ? success : failure) {
    const { request } = operation;
    if (request.case === "requestTxn") yield* taken(request.value, paths.next().value as Path);
    else yield operation;
  }
}
