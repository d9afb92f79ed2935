// What the embedded store is asked and what it answers, as the main thread and the store's thread pass it to each other: etcd's messages, which
// are plain objects and are cloned as such. Store's thread and main thread.

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

/** What a call weighs while it waits, about. */
export function bytesOf(call: Call): number {
  if (call.method === "put") return bytesOfPut(call.request);
  return call.method === "txn" ? bytesOfTxn(call.request) : 0;
}

export function bytesOfPut({ key, value }: rpc.PutRequest): number {
  return key.length + value.length;
}

export function bytesOfTxn({ compare, success, failure }: rpc.TxnRequest): number {
  let bytes = 0;
  for (const { key, targetUnion } of compare) bytes += key.length + (targetUnion.case === "value" ? targetUnion.value.length : 0);
  for (const { request } of [...success, ...failure]) {
    if (request.case === "requestPut") bytes += bytesOfPut(request.value);
    else if (request.case === "requestTxn") bytes += bytesOfTxn(request.value);
    else bytes += request.value?.key.length ?? 0;
  }
  return bytes;
}
