// What a manager's front serves: etcd's v3 API as methods, in etcd's messages. Implemented by the embedded store (host/store/embedded) and by
// one that passes on to a real etcd (host/store/etcd). Every method rejects with GrpcFailure, worded as etcd words it: etcdctl and our client
// tell failures apart by that. Main thread.

import { status } from "@grpc/grpc-js";
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from "./generated/rpc_pb.js";

export interface Backend {
  range(request: RangeRequest): Promise<RangeResponse>;
  put(request: PutRequest): Promise<PutResponse>;
  deleteRange(request: DeleteRangeRequest): Promise<DeleteRangeResponse>;
  txn(request: TxnRequest): Promise<TxnResponse>;
  compact(request: CompactionRequest): Promise<CompactionResponse>;
  leaseGrant(request: LeaseGrantRequest): Promise<LeaseGrantResponse>;
  leaseRevoke(request: LeaseRevokeRequest): Promise<LeaseRevokeResponse>;
  /** One beat. A lease that has ended is answered with a TTL of 0, as etcd has it; it is not a failure. */
  leaseKeepAlive(request: LeaseKeepAliveRequest): Promise<LeaseKeepAliveResponse>;
  leaseTimeToLive(request: LeaseTimeToLiveRequest): Promise<LeaseTimeToLiveResponse>;
  leaseLeases(request: LeaseLeasesRequest): Promise<LeaseLeasesResponse>;
  /**
   * One watch stream: several watches are made, cancelled and asked for progress on it. It ends when the signal is aborted, or when the requests
   * have ended, or it throws. What is not taken by the caller is not made: that is the backpressure.
   */
  watch(requests: AsyncIterable<WatchRequest>, signal: AbortSignal): AsyncIterable<WatchResponse>;
  status(): Promise<StatusResponse>;
  memberList(): Promise<MemberListResponse>;
  /** A stream of its caller's begins; answers what says that it has ended. Throws GrpcFailure when there are too many. */
  enter?(): () => void;
  /** Why it cannot answer at this moment, as far as it knows; null when it does not. */
  trouble?(): string | null;
  close(): Promise<void>;
}

export class GrpcFailure extends Error {
  override readonly name = "GrpcFailure";
  /** One of gRPC's status codes. */
  readonly code: status;

  constructor(code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** etcd's failures with their codes (etcd/api/v3rpc/rpctypes/error.go). */
export const FAILURES = {
  emptyKey: [status.INVALID_ARGUMENT, "etcdserver: key is not provided"],
  keyNotFound: [status.INVALID_ARGUMENT, "etcdserver: key not found"],
  valueProvided: [status.INVALID_ARGUMENT, "etcdserver: value is provided"],
  leaseProvided: [status.INVALID_ARGUMENT, "etcdserver: lease is provided"],
  tooManyOperations: [status.INVALID_ARGUMENT, "etcdserver: too many operations in txn request"],
  duplicateKey: [status.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request"],
  invalidSortOption: [status.INVALID_ARGUMENT, "etcdserver: invalid sort option"],
  requestTooLarge: [status.INVALID_ARGUMENT, "etcdserver: request is too large"],
  compacted: [status.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted"],
  futureRevision: [status.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"],
  noSpace: [status.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"],
  tooManyRequests: [status.RESOURCE_EXHAUSTED, "etcdserver: too many requests"],
  leaseNotFound: [status.NOT_FOUND, "etcdserver: requested lease not found"],
  leaseExists: [status.FAILED_PRECONDITION, "etcdserver: lease already exists"],
  leaseTtlTooLarge: [status.OUT_OF_RANGE, "etcdserver: too large lease TTL"],
  permissionDenied: [status.PERMISSION_DENIED, "etcdserver: permission denied"],
  stopped: [status.UNAVAILABLE, "etcdserver: server stopped"],
} as const satisfies Record<string, readonly [status, string]>;

export function failure(which: keyof typeof FAILURES): GrpcFailure {
  const [code, message] = FAILURES[which];
  return new GrpcFailure(code, message);
}
