// Each method of etcd's API on the engine. Throws Refused. Store's thread.

import type { LeaseTimeToLiveResponse } from "../generated/rpc_pb.js";
import { type Answer, bytesOfPut, bytesOfTxn, type Call } from "./call.ts";
import { checkDelete, checkPut, checkTxn } from "./check.ts";
import type { KeySpace } from "./keyspace.ts";
import type { Leases } from "./leases.ts";
import type { Identity } from "./meta.ts";
import { checkRange } from "./range.ts";
import { Refused } from "./refused.ts";
import type { Standing, Transaction } from "./transaction.ts";

/** The release of etcd whose API this is: `etcdctl endpoint status` shows it. */
const API_VERSION = "3.4.0";
/** etcd's --max-request-bytes. */
const REQUEST_BYTES_MAX = 1.5 * 1024 ** 2;

/** What the engine lets a method do. */
export interface Handled extends Standing {
  readonly keys: KeySpace;
  readonly leases: Leases;
  readonly identity: Identity;
  size(): { total: bigint; used: bigint };
  /** One revision, if anything changes. */
  change<Value>(work: (transaction: Transaction) => Value): Value;
  /** Forgets history before a revision. */
  compact(revision: bigint): void;
}

export function handle(store: Handled, { method, request }: Call): Answer {
  switch (method) {
    case "range":
      checkRange(request);
      return store.change((transaction) => transaction.range(request));
    case "put":
      checkPut(request);
      checkSize(bytesOfPut(request));
      return store.change((transaction) => transaction.put(request));
    case "deleteRange":
      checkDelete(request);
      return store.change((transaction) => transaction.deleteRange(request));
    case "txn":
      checkTxn(request);
      checkSize(bytesOfTxn(request));
      return store.change((transaction) => transaction.txn(request));
    case "compact":
      store.compact(request.revision);
      return { $typeName: "etcdserverpb.CompactionResponse", header: header(store) };
    case "leaseGrant": {
      if (store.isFull) throw new Refused("noSpace");
      const { id, ttl } = store.leases.grant(request.ID, request.TTL);
      return { $typeName: "etcdserverpb.LeaseGrantResponse", header: header(store), ID: id, TTL: ttl, error: "" };
    }
    case "leaseRevoke":
      store.change((transaction) => transaction.endLease(request.ID));
      return { $typeName: "etcdserverpb.LeaseRevokeResponse", header: header(store) };
    case "leaseKeepAlive": {
      const { ID } = request;
      return { $typeName: "etcdserverpb.LeaseKeepAliveResponse", header: header(store), ID, TTL: store.leases.keep(ID) };
    }
    case "leaseTimeToLive":
      return timeToLive(store, request.ID, request.keys);
    case "leaseLeases": {
      const leases = store.leases.ids().map((ID) => ({ $typeName: "etcdserverpb.LeaseStatus" as const, ID }));
      return { $typeName: "etcdserverpb.LeaseLeasesResponse", header: header(store), leases };
    }
    case "status":
      return status(store);
  }
}

function header(store: Handled) {
  return store.header(store.revision);
}

function timeToLive(store: Handled, ID: bigint, withKeys: boolean): LeaseTimeToLiveResponse {
  const left = store.leases.left(ID);
  const keys = left && withKeys ? store.keys.keysOf(ID).map(({ key }) => key) : [];
  const [TTL, grantedTTL] = left ? [left.seconds, left.granted] : [-1n, 0n];
  return { $typeName: "etcdserverpb.LeaseTimeToLiveResponse", header: header(store), ID, TTL, grantedTTL, keys };
}

function status(store: Handled): Answer {
  const { total, used } = store.size();
  const { memberId } = store.identity;
  return {
    $typeName: "etcdserverpb.StatusResponse",
    header: header(store),
    version: API_VERSION,
    dbSize: total,
    dbSizeInUse: used,
    leader: memberId,
    raftIndex: store.revision,
    raftAppliedIndex: store.revision,
    raftTerm: header(store).raftTerm,
    errors: store.isFull ? ["NOSPACE"] : [],
    isLearner: false,
  };
}

function checkSize(bytes: number): void {
  if (bytes > REQUEST_BYTES_MAX) throw new Refused("requestTooLarge");
}
