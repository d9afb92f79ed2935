// A backend as one caller may use it: what judge.ts refuses does not reach the store. Main thread.

import { status } from "@grpc/grpc-js";
import type { Allowance } from "./allowance.ts";
import { type Backend, failure, GrpcFailure } from "./backend.ts";
import { bytesOfPut, bytesOfTxn } from "./embedded/call.ts";
import type { LeaseGrantRequest, LeaseGrantResponse, WatchRequest, WatchResponse } from "./generated/rpc_pb.js";
import { judgeCall, judgeDelete, judgeLease, judgePut, judgeRange, judgeTxn, judgeWatch } from "./judge.ts";
import { newLeaseId } from "./lease-ids.ts";
import type { Caller } from "./rights.ts";

const WORKER_LEASE_SECONDS_MAX = 3600;
/** Tries to find an id that is free. */
const ID_TRIES = 3;
/** An agent has one on each stream; a second may come before the first is cancelled. */
const WATCHES_PER_STREAM_MAX = 2;

/**
 * @param allowance the worker's, for all its calls; null: no end to it, for a manager
 * @param ended aborted, with the reason as a GrpcFailure, once the caller is no member any more: nothing is done, and its watches end
 */
export function authorised(backend: Backend, caller: Caller, allowance: Allowance | null, ended: AbortSignal): Backend {
  // Streams of keep-alives last as well.
  const unless = async <Answer>(refusal: string | null, run: () => Promise<Answer>): Promise<Answer> => {
    if (ended.aborted) throw ended.reason;
    if (refusal !== null) throw denied(refusal);
    return run();
  };
  const inTurn = <Answer>(refusal: string | null, run: () => Promise<Answer>): Promise<Answer> =>
    unless(refusal, allowance === null ? run : () => allowance.call(() => unless(null, run)));
  const change = <Answer>(refusal: string | null, bytes: number, run: () => Promise<Answer>): Promise<Answer> =>
    inTurn(refusal, () => {
      allowance?.write(bytes, performance.now());
      return run();
    });
  return {
    enter: () => allowance?.stream() ?? (() => {}),
    range: (request) => inTurn(judgeRange(caller, request), () => backend.range(request)),
    put: (request) => change(judgePut(caller, request), bytesOfPut(request), () => backend.put(request)),
    deleteRange: (request) => change(judgeDelete(caller, request), 0, () => backend.deleteRange(request)),
    txn: (request) => change(judgeTxn(caller, request), bytesOfTxn(request), () => backend.txn(request)),
    compact: (request) => unless(judgeCall(caller, "compact"), () => backend.compact(request)),
    leaseGrant: (request) => change(null, 0, () => grant(backend, caller, allowance, request)),
    leaseRevoke: (request) => change(judgeLease(caller, request.ID), 0, () => backend.leaseRevoke(request)),
    // A node's life does not wait behind what else it has asked for.
    leaseKeepAlive: (request) => unless(judgeLease(caller, request.ID), () => backend.leaseKeepAlive(request)),
    leaseTimeToLive: (request) => inTurn(judgeLease(caller, request.ID), () => backend.leaseTimeToLive(request)),
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

async function grant(
  backend: Backend,
  caller: Caller,
  allowance: Allowance | null,
  request: LeaseGrantRequest,
): Promise<LeaseGrantResponse> {
  if (caller.role === "worker") {
    if (request.ID !== 0n) throw denied(`worker ${caller.nodeId} may not choose the id of a lease`);
    if (request.TTL > WORKER_LEASE_SECONDS_MAX) throw failure("leaseTtlTooLarge");
  }
  const answer = await (request.ID === 0n ? grantTagged(backend, caller, request) : backend.leaseGrant(request));
  // Past the bound, a worker's oldest lease is ended: leases that nobody keeps would otherwise add up. It has most likely ended by itself.
  const oldest = allowance?.enterLease(answer.ID);
  if (oldest !== undefined) await backend.leaseRevoke({ $typeName: "etcdserverpb.LeaseRevokeRequest", ID: oldest }).catch(() => {});
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

/** A watch that is refused ends its stream with the reason; etcd would tell "permission denied" for the one watch. */
async function* watch(
  backend: Backend,
  caller: Caller,
  requests: AsyncIterable<WatchRequest>,
  signal: AbortSignal,
  ended: AbortSignal,
): AsyncIterable<WatchResponse> {
  const refused = new AbortController();
  let watches = 0;
  async function* permitted(): AsyncIterable<WatchRequest> {
    for await (const request of requests) {
      if (caller.role === "worker" && request.requestUnion.case === "createRequest") watches++;
      const refusal =
        watches > WATCHES_PER_STREAM_MAX ? `worker ${caller.nodeId} may not have more watches on one stream` : judgeWatch(caller, request);
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
