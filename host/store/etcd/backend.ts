// A real etcd behind a manager's front: every call is passed on to one of its members, as it is, and the next one when that fails. A watch
// stream that is lost ends with "unavailable": the client behind the front begins another and loses nothing, as with any other loss. Main thread.

import { create } from "@bufbuild/protobuf";
import { type ClientDuplexStream, type MethodDefinition, status } from "@grpc/grpc-js";
import { messageOf } from "../../model/errors.ts";
import { type Backend, GrpcFailure } from "../backend.ts";
import { Connection } from "../client/connection.ts";
import type { TlsFiles } from "../client/credentials.ts";
import { HOST_NAME } from "../client/identity.ts";
import { detailsOf, isAway, isStatus, whyNot } from "../client/reasons.ts";
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
  Watch,
  type WatchRequest,
  type WatchResponse,
} from "../generated/rpc_pb.js";
import { methodsOf } from "../grpc.ts";

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

  async *watch(requests: AsyncIterable<WatchRequest>, signal: AbortSignal): AsyncGenerator<WatchResponse> {
    const { channel, stream } = await this.#connection
      .call(
        async (channel, metadata) => {
          // A member that lost the others ends the stream, rather than to keep quiet.
          metadata.set("hasleader", "true");
          return { channel, stream: channel.stream(methodsOf(Watch).watch, metadata) };
        },
        { repeatable: true },
      )
      .catch(fail);
    const cancel = () => stream.cancel();
    signal.addEventListener("abort", cancel);
    try {
      if (signal.aborted) return;
      void pump(requests, stream);
      for await (const response of stream as AsyncIterable<WatchResponse>) {
        // Not a failure of whoever watches: the stream ends, and the next one has a new token.
        if (response.canceled && this.#connection.refusesToken(response.cancelReason))
          throw new GrpcFailure(status.UNAVAILABLE, `etcd ${channel.endpoint}: ${response.cancelReason}`);
        yield response;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isAway(error)) fail(error);
      this.#connection.leave(channel);
      throw new GrpcFailure(status.UNAVAILABLE, `etcd ${channel.endpoint}: ${whyNot(error)}`, { cause: error });
    } finally {
      signal.removeEventListener("abort", cancel);
      stream.cancel();
    }
  }

  trouble(): string | null {
    return this.#connection.trouble;
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #pass<Request, Answer>(method: MethodDefinition<Request, Answer>, request: Request, repeatable: boolean): Promise<Answer> {
    return this.#connection.call((channel, metadata, ms) => channel.unary(method, request, metadata, ms), { repeatable }).catch(fail);
  }
}

/** Passes requests on until there are no more; then the stream ends in its own time. */
async function pump(requests: AsyncIterable<WatchRequest>, stream: ClientDuplexStream<WatchRequest, WatchResponse>): Promise<void> {
  try {
    for await (const request of requests) {
      if (stream.destroyed || stream.writableEnded) return;
      if (!stream.write(request)) await new Promise<void>((resolve) => stream.once("drain", resolve).once("close", resolve));
    }
    stream.end();
  } catch {
    stream.cancel(); // who asked is gone
  }
}

/** As a front passes it on: etcd's code and words. */
function fail(error: unknown): never {
  if (error instanceof GrpcFailure) throw error;
  if (isStatus(error)) throw new GrpcFailure(error.code, detailsOf(error), { cause: error });
  throw new GrpcFailure(status.INTERNAL, messageOf(error), { cause: error });
}
