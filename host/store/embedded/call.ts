// What the embedded store is asked and what it answers, as the main thread and the store's thread pass it to each other: etcd's messages, which
// are plain objects and are cloned as such.

import type { Event } from "../generated/kv_pb.js";
import type * as rpc from "../generated/rpc_pb.js";
import type { FailureName } from "./refused.ts";

/** Request and answer by method. */
export interface Methods {
  range: [rpc.RangeRequest, rpc.RangeResponse];
  put: [rpc.PutRequest, rpc.PutResponse];
  deleteRange: [rpc.DeleteRangeRequest, rpc.DeleteRangeResponse];
  txn: [rpc.TxnRequest, rpc.TxnResponse];
  compact: [rpc.CompactionRequest, rpc.CompactionResponse];
  leaseGrant: [rpc.LeaseGrantRequest, rpc.LeaseGrantResponse];
  leaseRevoke: [rpc.LeaseRevokeRequest, rpc.LeaseRevokeResponse];
  leaseKeepAlive: [rpc.LeaseKeepAliveRequest, rpc.LeaseKeepAliveResponse];
  leaseTimeToLive: [rpc.LeaseTimeToLiveRequest, rpc.LeaseTimeToLiveResponse];
  leaseLeases: [rpc.LeaseLeasesRequest, rpc.LeaseLeasesResponse];
  status: [rpc.StatusRequest, rpc.StatusResponse];
}

export type Method = keyof Methods;
export type Call = { [M in Method]: { method: M; request: Methods[M][0] } }[Method];
export type Answer = Methods[Method][1];

/** `failed` is not the request's fault: the disk's, or ours. */
export type Outcome<Value = Answer> = { answer: Value } | { refused: FailureName } | { failed: string };

/** All that one revision changed. */
export interface Commit {
  revision: bigint;
  events: Event[];
}
