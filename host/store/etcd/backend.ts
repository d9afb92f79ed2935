// A real etcd behind a manager's front: every call is passed on to one of its members, as it is, and the next one when that fails. Watches
// share those on etcd (feeds.ts). When one of these is lost, so are all streams that hear of it ("unavailable"): the clients behind the front begin others and
// lose nothing, as with any other loss. Main thread.

import { create } from "@bufbuild/protobuf";
import { type MethodDefinition, status } from "@grpc/grpc-js";
import { messageOf } from "../../model/errors.ts";
import { type Backend, failure, GrpcFailure } from "../backend.ts";
import { Connection } from "../client/connection.ts";
import type { TlsFiles } from "../client/credentials.ts";
import { HOST_NAME } from "../client/identity.ts";
import { detailsOf, isStatus } from "../client/reasons.ts";
import { DEADLINE_MS, ETCD_KEEPALIVE_MS } from "../client/store.ts";
import type { User } from "../client/token.ts";
import {
  Cluster,
  type CompactionRequest,
  type DeleteRangeRequest,
  KV,
  Lease,
  type LeaseGrantRequest,
  type LeaseKeepAliveRequest,
  type LeaseLeasesRequest,
  type LeaseRevokeRequest,
  type LeaseTimeToLiveRequest,
  Maintenance,
  MemberListRequestSchema,
  type PutRequest,
  type RangeRequest,
  StatusRequestSchema,
  type TxnRequest,
  type WatchCreateRequest,
  type WatchRequest,
  type WatchResponse,
} from "../generated/rpc_pb.js";
import { methodsOf } from "../grpc.ts";
import { WatchStreams } from "../watch/streams.ts";
import { watchEtcd } from "./upstream.ts";
import { WatchedEtcd } from "./watched.ts";

export interface EtcdBackendOptions {
  /** HOST:PORT of each member. */
  endpoints: readonly string[];
  /** Asked anew for each connection; null = no TLS. */
  tls: (() => TlsFiles) | null;
  user?: User;
  deadlineMs?: number;
  random?: () => number;
}

const kv = methodsOf(KV);
const lease = methodsOf(Lease);

export class EtcdBackend implements Backend {
  readonly #connection: Connection;
  readonly #streams: WatchStreams;

  constructor({ endpoints, tls, user, deadlineMs = DEADLINE_MS, random }: EtcdBackendOptions) {
    const keepaliveMs = ETCD_KEEPALIVE_MS;
    this.#connection = new Connection({
      endpoints: () => endpoints,
      tls,
      identity: HOST_NAME,
      who: "etcd",
      user,
      deadlineMs,
      keepaliveMs,
      random,
    });
    const open = (request: WatchCreateRequest, gone: AbortSignal) => failing(watchEtcd(this.#connection, request, gone));
    this.#streams = new WatchStreams(new WatchedEtcd({ range: (request) => this.range(request), open }));
  }

  range(request: RangeRequest) {
    return this.#pass(kv.range, request, true);
  }

  put(request: PutRequest) {
    return this.#pass(kv.put, request, false);
  }

  deleteRange(request: DeleteRangeRequest) {
    return this.#pass(kv.deleteRange, request, false);
  }

  txn(request: TxnRequest) {
    const reads = [...request.success, ...request.failure].every((operation) => operation.request.case === "requestRange");
    return this.#pass(kv.txn, request, reads);
  }

  compact(request: CompactionRequest) {
    return this.#pass(kv.compact, request, false);
  }

  leaseGrant(request: LeaseGrantRequest) {
    return this.#pass(lease.leaseGrant, request, false);
  }

  leaseRevoke(request: LeaseRevokeRequest) {
    return this.#pass(lease.leaseRevoke, request, false);
  }

  async leaseKeepAlive(request: LeaseKeepAliveRequest) {
    return this.#connection
      .call((channel, metadata, ms) => channel.exchange(lease.leaseKeepAlive, request, metadata, ms), { repeatable: true })
      .catch(fail);
  }

  leaseTimeToLive(request: LeaseTimeToLiveRequest) {
    return this.#pass(lease.leaseTimeToLive, request, true);
  }

  leaseLeases(request: LeaseLeasesRequest) {
    return this.#pass(lease.leaseLeases, request, true);
  }

  status() {
    return this.#pass(methodsOf(Maintenance).status, create(StatusRequestSchema), true);
  }

  memberList() {
    return this.#pass(methodsOf(Cluster).memberList, create(MemberListRequestSchema), true);
  }

  watch(requests: AsyncIterable<WatchRequest>, signal: AbortSignal) {
    return this.#streams.watch(requests, signal);
  }

  trouble(): string | null {
    return this.#connection.trouble;
  }

  async close(): Promise<void> {
    this.#streams.close(failure("stopped"));
    this.#connection.close();
  }

  #pass<Request, Answer>(method: MethodDefinition<Request, Answer>, request: Request, repeatable: boolean): Promise<Answer> {
    return this.#connection.call((channel, metadata, ms) => channel.unary(method, request, metadata, ms), { repeatable }).catch(fail);
  }
}

async function* failing(responses: AsyncIterable<WatchResponse>): AsyncIterable<WatchResponse> {
  try {
    yield* responses;
  } catch (error) {
    fail(error);
  }
}

/** As a front passes it on: etcd's code and words. */
function fail(error: unknown): never {
  if (error instanceof GrpcFailure) throw error;
  if (isStatus(error)) throw new GrpcFailure(error.code, detailsOf(error), { cause: error });
  throw new GrpcFailure(status.INTERNAL, messageOf(error), { cause: error });
}
