// One connection to one endpoint. It is used until it fails, then closed for good: whether and where to try again is connection.ts's to say.
// Main thread.

import { Client, type ClientDuplexStream, connectivityState, Metadata, type MethodDefinition, status } from "@grpc/grpc-js";
import { GrpcFailure } from "../backend.ts";
import { Maintenance } from "../generated/rpc_pb.js";
import { methodsOf } from "../grpc.ts";
import { Credentials, type TlsFiles } from "./credentials.ts";
import type { Identity } from "./identity.ts";
import { isAway, whyNot } from "./reasons.ts";

export interface ChannelOptions {
  tls: TlsFiles | null;
  identity: Identity;
  /** A silent peer is noticed after this and KEEPALIVE_ANSWER_MS. */
  keepaliveMs: number;
}

const KEEPALIVE_ANSWER_MS = 2000;
/** Largest message that is taken: a page of a range, a piece of a watch, or what is known of a network of 100,000 endpoints. */
export const RECEIVE_BYTES_MAX = 32 * 1024 * 1024;
/** For TCP: a kernel answers however busy its host is, and the tries of one that goes on for longer get further and further apart. */
const REACH_MS = 2000;
/** For the call that only asks why there is no connection: it fails at once. */
const WHY_MS = 1000;

export class Channel {
  readonly endpoint: string;
  readonly #client: Client;
  readonly #credentials: Credentials;
  #closed = false;
  /** Calls and streams that have not ended. */
  #underWay = 0;

  constructor(endpoint: string, { tls, identity, keepaliveMs }: ChannelOptions) {
    this.endpoint = endpoint;
    this.#credentials = new Credentials(endpoint.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1"), tls, identity);
    this.#client = new Client(endpoint, this.#credentials, {
      "grpc.keepalive_time_ms": keepaliveMs,
      "grpc.keepalive_timeout_ms": KEEPALIVE_ANSWER_MS,
      "grpc.keepalive_permit_without_calls": 0,
      "grpc.max_receive_message_length": RECEIVE_BYTES_MAX,
      // Each channel its own connection, made as it is told to: nothing from the environment, from DNS or from a channel before.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
      "grpc.enable_channelz": 0,
    });
  }

  get isReady(): boolean {
    return !this.#closed && this.#client.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  /** Whether it has a connection still, perhaps only to end what is under way. */
  get isOpen(): boolean {
    return this.#credentials.isOpen;
  }

  /** Connects, if it is not connected. Rejects with why it cannot be. A host that is not reached by TCP has less time than one that is busy. */
  ready(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const channel = this.#client.getChannel();
    return new Promise((resolve, reject) => {
      let settled = false;
      const end = (settle: () => void) => {
        settled = true;
        clearTimeout(timer);
        signal.removeEventListener("abort", closed);
        settle();
      };
      const fail = (why: string) => end(() => reject(new Error(why)));
      const closed = () => fail("closed");
      const late = (ms: number) => fail(`no answer in ${ms / 1000} s`);
      const reachMs = Math.min(timeoutMs, REACH_MS);
      let timer = setTimeout(() => {
        if (!this.#credentials.isOpen) late(reachMs);
        else timer = setTimeout(() => late(timeoutMs), timeoutMs - reachMs);
      }, reachMs);
      signal.addEventListener("abort", closed);
      const look = () => {
        // Not asked of one that is closed: gRPC would begin to connect again.
        if (settled) return;
        if (this.#closed) return closed();
        const state = channel.getConnectivityState(true);
        if (state === connectivityState.READY) end(resolve);
        else if (state === connectivityState.TRANSIENT_FAILURE)
          this.#ask().then(look, (error) => (isAway(error) ? settled || fail(whyNot(error)) : look()));
        else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
      };
      look();
    });
  }

  /** A call for the sake of the error: only calls are told why there is no connection. */
  #ask(): Promise<unknown> {
    return this.unary(methodsOf(Maintenance).status, { $typeName: "etcdserverpb.StatusRequest" }, new Metadata(), WHY_MS);
  }

  unary<Request, Answer>(
    method: MethodDefinition<Request, Answer>,
    request: Request,
    metadata: Metadata,
    deadlineMs: number,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      const options = { deadline: Date.now() + deadlineMs };
      const { path, requestSerialize, responseDeserialize } = method;
      this.#underWay++;
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, (error, answer) => {
        this.#oneEnded();
        if (error) reject(error);
        else resolve(answer as Answer);
      });
    });
  }

  /** One question and its answer on a stream of its own, which is how etcd has a lease kept alive. */
  async exchange<Request, Answer>(
    method: MethodDefinition<Request, Answer>,
    request: Request,
    metadata: Metadata,
    deadlineMs: number,
  ): Promise<Answer> {
    const stream = this.stream(method, metadata, deadlineMs);
    try {
      stream.write(request);
      for await (const answer of stream) return answer as Answer;
      throw new GrpcFailure(status.UNAVAILABLE, "the stream ended without an answer");
    } finally {
      stream.cancel();
    }
  }

  /** Whoever opens one cancels it when done with it. */
  stream<Request, Answer>(
    method: MethodDefinition<Request, Answer>,
    metadata: Metadata,
    deadlineMs?: number,
  ): ClientDuplexStream<Request, Answer> {
    this.#checkOpen();
    const { path, requestSerialize, responseDeserialize } = method;
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
    this.#underWay++;
    stream.once("status", () => this.#oneEnded());
    stream.on("error", () => {}); // cancelling is told as one too, when nobody reads any more
    return stream;
  }

  /** In gRPC's words for it, which tell that nothing was sent. */
  #checkOpen(): void {
    if (this.#closed) throw new GrpcFailure(status.UNAVAILABLE, "Channel closed before call started");
  }

  /** Calls that are under way may end, however often it is closed; new ones fail. */
  close(): void {
    if (this.#closed) return;
    if (this.isReady) {
      this.#closed = true;
      if (this.#underWay === 0) this.#client.close();
    } else this.destroy();
  }

  /** Not before: grpc-js takes a connection that is closing for a dead one at its next keepalive, and drops what is under way. */
  #oneEnded(): void {
    if (--this.#underWay === 0 && this.#closed) this.#client.close();
  }

  /** Ends everything on it at once. */
  destroy(): void {
    this.#closed = true;
    this.#client.close();
    this.#credentials.destroy();
  }
}
