// A backend as one caller may use it: what judge.ts refuses does not reach the store. Main thread.

import { status } from "@grpc/grpc-js";
import { type Backend, failure, GrpcFailure } from "./backend.ts";
import type { LeaseGrantRequest, LeaseGrantResponse, WatchRequest, WatchResponse } from "./generated/rpc_pb.js";
import { judgeCall, judgeDelete, judgeKeys, judgeLease, judgePut, judgeTxn, judgeWatch } from "./judge.ts";
import { newLeaseId } from "./lease-ids.ts";
import type { Caller } from "./rights.ts";

/** Leases that a worker can have at a time; it needs one. */
const WORKER_LEASES_MAX = 8;
const WORKER_LEASE_SECONDS_MAX = 3600;
/** Tries to find an id that is free. */
const ID_TRIES = 3;

/** Leases that workers were given here, the oldest first. */
export type LeaseBook = Map<string, bigint[]>;

/**
 * @param book one for all callers of a front
 * @param ended aborted, with the reason as a GrpcFailure, once the caller is no member any more: nothing is done, and its watches end
 */
export function authorised(backend: Backend, caller: Caller, book: LeaseBook, ended: AbortSignal): Backend {
  // Streams of keep-alives last as well.
  const unless = <Answer>(refusal: string | null, run: () => Promise<Answer>): Promise<Answer> => {
    if (ended.aborted) return Promise.reject(ended.reason);
    return refusal === null ? run() : Promise.reject(denied(refusal));
  };
  return {
    range: (request) => unless(judgeKeys(caller, "read", request), () => backend.range(request)),
    put: (request) => unless(judgePut(caller, request), () => backend.put(request)),
    deleteRange: (request) => unless(judgeDelete(caller, request), () => backend.deleteRange(request)),
    txn: (request) => unless(judgeTxn(caller, request), () => backend.txn(request)),
    compact: (request) => unless(judgeCall(caller, "compact"), () => backend.compact(request)),
    leaseGrant: (request) => unless(null, () => grant(backend, caller, book, request)),
    leaseRevoke: (request) => unless(judgeLease(caller, request.ID), () => backend.leaseRevoke(request)),
    leaseKeepAlive: (request) => unless(judgeLease(caller, request.ID), () => backend.leaseKeepAlive(request)),
    leaseTimeToLive: (request) => unless(judgeLease(caller, request.ID), () => backend.leaseTimeToLive(request)),
    leaseLeases: (request) => unless(judgeCall(caller, "leaseLeases"), () => backend.leaseLeases(request)),
    watch: (requests, signal) => watch(backend, caller, requests, signal, ended),
    status: () => unless(judgeCall(caller, "status"), () => backend.status()),
    memberList: () => unless(judgeCall(caller, "memberList"), () => backend.memberList()),
    trouble: () => backend.trouble?.() ?? null,
    close: async () => {}, // the store is not the caller's to close
  };
}

function denied(refusal: string): GrpcFailure {
  return new GrpcFailure(status.PERMISSION_DENIED, refusal);
}

async function grant(backend: Backend, caller: Caller, book: LeaseBook, request: LeaseGrantRequest): Promise<LeaseGrantResponse> {
  if (caller.role === "worker") {
    if (request.ID !== 0n) throw denied(`worker ${caller.nodeId} may not choose the id of a lease`);
    if (request.TTL > WORKER_LEASE_SECONDS_MAX) throw failure("leaseTtlTooLarge");
  }
  const answer = await (request.ID === 0n ? grantTagged(backend, caller, request) : backend.leaseGrant(request));
  if (caller.role === "worker") await enter(backend, caller, book, answer.ID);
  return answer;
}

async function grantTagged(backend: Backend, caller: Caller, request: LeaseGrantRequest): Promise<LeaseGrantResponse> {
  for (let tries = 1; ; tries++) {
    try {
      return await backend.leaseGrant({ ...request, ID: newLeaseId(caller.nodeId) });
    } catch (error) {
      const taken = error instanceof GrpcFailure && error.code === status.FAILED_PRECONDITION;
      if (!taken || tries === ID_TRIES) throw error;
    }
  }
}

/** Past the bound, a worker's oldest lease is ended: leases that nobody keeps would otherwise add up. */
async function enter(backend: Backend, { nodeId }: Caller, book: LeaseBook, lease: bigint): Promise<void> {
  const leases = [...(book.get(nodeId) ?? []), lease];
  const oldest = leases.length > WORKER_LEASES_MAX ? leases.shift() : undefined;
  book.set(nodeId, leases);
  if (oldest === undefined) return;
  // It has most likely ended by itself.
  await backend.leaseRevoke({ $typeName: "etcdserverpb.LeaseRevokeRequest", ID: oldest }).catch(() => {});
}

/** A watch that is refused ends its stream with the reason; etcd would tell "permission denied" for the one watch. */
async function* watch(
  backend: Backend,
  caller: Caller,
  requests: AsyncIterable<WatchRequest>,
  signal: AbortSignal,
  ended: AbortSignal,
): AsyncIterable<WatchResponse> {
  const refused = new AbortController();
  async function* permitted(): AsyncIterable<WatchRequest> {
    for await (const request of requests) {
      const refusal = judgeWatch(caller, request);
      if (refusal !== null) return refused.abort(denied(refusal));
      yield request;
    }
  }
  const stopped = AbortSignal.any([ended, refused.signal]);
  try {
    yield* backend.watch(permitted(), AbortSignal.any([signal, stopped]));
  } catch (error) {
    throw stopped.aborted ? stopped.reason : error;
  }
  if (stopped.aborted) throw stopped.reason;
}
