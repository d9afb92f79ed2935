// Each RPC as grpc-js wants it handled. Those that are not here are answered UNIMPLEMENTED by grpc-js. Main thread.

import {
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { messageOf } from "../../model/errors.ts";
import { type Backend, failure, GrpcFailure } from "../backend.ts";
import type { LeaseKeepAliveRequest, LeaseKeepAliveResponse, WatchRequest, WatchResponse } from "../generated/rpc_pb.js";
import { inTime } from "../in-time.ts";

/** What tells who calls, and what. */
export type Call = Pick<ServerUnaryCall<unknown, unknown>, "metadata" | "getPeer" | "getPath" | "getAuthContext">;
export type BackendFor = (call: Call) => Backend;

type Unary<Request, Answer> = (call: ServerUnaryCall<Request, Answer>, callback: sendUnaryData<Answer>) => void;
type Stream<Request, Answer> = ServerDuplexStream<Request, Answer>;

/** Open at a time, of all callers: an agent has three, and one for each network that it takes part in. */
const STREAMS_MAX = 10_000;

export class Handlers {
  readonly #backendFor: BackendFor;
  readonly #stopping = new AbortController();
  #streams = 0;

  constructor(backendFor: BackendFor) {
    this.#backendFor = backendFor;
  }

  /** Ends all streams. */
  stop(): void {
    this.#stopping.abort();
  }

  kv(): UntypedServiceImplementation {
    return {
      range: this.#unary((backend, request: Parameters<Backend["range"]>[0]) => backend.range(request)),
      put: this.#unary((backend, request: Parameters<Backend["put"]>[0]) => backend.put(request)),
      deleteRange: this.#unary((backend, request: Parameters<Backend["deleteRange"]>[0]) => backend.deleteRange(request)),
      txn: this.#unary((backend, request: Parameters<Backend["txn"]>[0]) => backend.txn(request)),
      compact: this.#unary((backend, request: Parameters<Backend["compact"]>[0]) => backend.compact(request)),
    };
  }

  lease(): UntypedServiceImplementation {
    return {
      leaseGrant: this.#unary((backend, request: Parameters<Backend["leaseGrant"]>[0]) => backend.leaseGrant(request)),
      leaseRevoke: this.#unary((backend, request: Parameters<Backend["leaseRevoke"]>[0]) => backend.leaseRevoke(request)),
      leaseTimeToLive: this.#unary((backend, request: Parameters<Backend["leaseTimeToLive"]>[0]) => backend.leaseTimeToLive(request)),
      leaseLeases: this.#unary((backend, request: Parameters<Backend["leaseLeases"]>[0]) => backend.leaseLeases(request)),
      leaseKeepAlive: (call: Stream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>) => this.#stream(call, keepAlive),
    };
  }

  watch(): UntypedServiceImplementation {
    return {
      watch: (call: Stream<WatchRequest, WatchResponse>) =>
        this.#stream(call, (backend, requests, signal) => backend.watch(requests, signal)),
    };
  }

  maintenance(): UntypedServiceImplementation {
    return { status: this.#unary((backend) => backend.status()) };
  }

  cluster(): UntypedServiceImplementation {
    return { memberList: this.#unary((backend) => backend.memberList()) };
  }

  #unary<Request, Answer>(run: (backend: Backend, request: Request) => Promise<Answer>): Unary<Request, Answer> {
    return async (call, callback) => {
      try {
        const backend = this.#backendFor(call);
        callback(null, await inTime(backend, run(backend, call.request), Number(call.getDeadline()) - Date.now()));
      } catch (error) {
        callback(statusOf(error));
      }
    };
  }

  /** Answers as they are made, and the next only when the one before is on its way. */
  async #stream<Request, Answer>(
    call: Stream<Request, Answer>,
    run: (backend: Backend, requests: AsyncIterable<Request>, signal: AbortSignal) => AsyncIterable<Answer>,
  ): Promise<void> {
    const gone = new AbortController();
    call.once("cancelled", () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#stopping.signal]);
    let leave: (() => void) | undefined;
    this.#streams++;
    try {
      if (this.#streams > STREAMS_MAX) throw failure("tooManyRequests");
      const backend = this.#backendFor(call);
      leave = backend.enter?.();
      // Left to itself the iterator would destroy the call at the requests' end, status and all.
      const requests = call.iterator({ destroyOnReturn: false });
      for await (const answer of run(backend, requests, signal)) {
        // Not asked of the signal made of both: that looks at all its sources each time.
        if (gone.signal.aborted || this.#stopping.signal.aborted) break;
        if (!call.write(answer)) await drained(call, signal);
      }
      if (this.#stopping.signal.aborted) throw failure("stopped");
      call.end();
    } catch (error) {
      if (!gone.signal.aborted) call.emit("error", statusOf(error));
    } finally {
      this.#streams--;
      leave?.();
    }
  }
}

async function* keepAlive(
  backend: Backend,
  requests: AsyncIterable<LeaseKeepAliveRequest>,
  signal: AbortSignal,
): AsyncIterable<LeaseKeepAliveResponse> {
  const iterator = requests[Symbol.asyncIterator]();
  const ended = new Promise<{ done: true; value: undefined }>((resolve) => {
    signal.addEventListener("abort", () => resolve({ done: true, value: undefined }), { once: true });
  });
  while (!signal.aborted) {
    const next = await Promise.race([iterator.next(), ended]);
    if (next.done) return;
    yield await backend.leaseKeepAlive(next.value);
  }
}

function drained(call: Stream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

function statusOf(error: unknown): { code: status; details: string } {
  if (error instanceof GrpcFailure) return { code: error.code, details: error.message };
  return { code: status.INTERNAL, details: messageOf(error) };
}
