// One watch: a snapshot, then every change after it, whatever happens to connections. Nothing is lost, told twice or out of order, because only
// what the watcher has taken counts: after a loss the stream begins behind the last revision delivered. Where that is not possible (compacted,
// another cluster's store, one put back to an earlier revision) there is a new snapshot. Main thread.
//
//   snapshot at R ──► stream from R+1 ──► whole revisions ──► watcher (awaited: a slow one stops the reading, and so the sender)
//        ▲                   │ ▲ └── lost, or silent: again, behind the last delivered ──┐
//        └── cannot resume ──┘ └────────────────────────────────────────────────────────┘

import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { type ClientDuplexStream, type Metadata, status } from "@grpc/grpc-js";
import type { Entry, Watch, Watcher } from "../../model/cluster/store.ts";
import { messageOf } from "../../model/errors.ts";
import { GrpcFailure } from "../backend.ts";
import type { Event } from "../generated/kv_pb.js";
import {
  KV,
  RangeRequestSchema,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
  Watch as WatchService,
} from "../generated/rpc_pb.js";
import { methodsOf } from "../grpc.ts";
import { Backoff } from "./backoff.ts";
import type { Channel } from "./channel.ts";
import type { Connection } from "./connection.ts";
import { Gather, type Gathered } from "./gather.ts";
import { ahead, pagesOf } from "./pages.ts";
import { Pulse } from "./pulse.ts";
import { isAway, storeError, whyNot } from "./reasons.ts";
import { eventOf, rangeOf } from "./translate.ts";

type Stream = ClientDuplexStream<WatchRequest, WatchResponse>;

/** What the watcher has: everything of a store up to a revision. */
interface Known {
  revision: number;
  clusterId: bigint;
}

/** It cannot go on from where it was. */
class Gap extends Error {}

/** It was told to begin a new stream. */
class Restart extends Error {}

export class PrefixWatch implements Watch {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #watcher: Watcher;
  readonly #backoff: Backoff;
  readonly #closed = new AbortController();
  #known: Known | null = null;
  #stream: Stream | null = null;
  #connected: boolean | null = null;

  constructor(connection: Connection, prefix: string, watcher: Watcher, random?: () => number) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#watcher = watcher;
    this.#backoff = new Backoff(random);
    void this.#run();
  }

  close(): void {
    this.#closed.abort();
    this.restart();
  }

  /** Begins a new stream, on the connection that there is by then. */
  restart(): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.cancel();
  }

  async #run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        this.#known ??= await this.#snapshot();
        await this.#follow(this.#known);
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        if (error instanceof Restart) continue;
        if (error instanceof Gap) this.#known = null;
        this.#tell(false, error instanceof Gap ? error.message : storeError(error).message);
        await delay(this.#backoff.next(), undefined, { signal: this.#closed.signal }).catch(() => {});
      }
    }
  }

  #tell(connected: boolean, why: string): void {
    if (this.#connected === connected || this.#closed.signal.aborted) return;
    this.#connected = connected;
    this.#watcher.onConnection?.(connected, why);
  }

  async #snapshot(): Promise<Known> {
    const { range } = methodsOf(KV);
    const pages = pagesOf(
      (request) => this.#connection.call((channel, metadata, ms) => channel.unary(range, request, metadata, ms), { repeatable: true }),
      this.#prefix,
    );
    const known: Known = { revision: 0, clusterId: 0n };
    const entries: Entry[] = [];
    let isFirst = true;
    for await (const page of ahead(pages)) {
      Object.assign(known, { revision: page.revision, clusterId: page.clusterId });
      if (this.#watcher.onPart) await this.#deliver(() => this.#watcher.onPart?.(page.entries, isFirst));
      else for (const entry of page.entries) entries.push(entry);
      isFirst = false;
    }
    await this.#deliver(() => this.#watcher.onSnapshot({ revision: known.revision, entries }));
    return known;
  }

  /** What a watcher does not take is not known: it is told all of it anew. */
  async #deliver(call: () => void | Promise<void>): Promise<void> {
    if (this.#closed.signal.aborted) return;
    try {
      await call();
    } catch (error) {
      throw new Gap(`the watcher of ${this.#prefix} failed: ${messageOf(error)}`, { cause: error });
    }
  }

  async #follow(known: Known): Promise<never> {
    const { stream, channel } = await this.#connection.call((channel, metadata) => open(channel, metadata), { repeatable: true });
    if (this.#closed.signal.aborted) {
      stream.cancel();
      throw new Restart();
    }
    this.#stream = stream;
    const pulse = new Pulse(stream);
    try {
      stream.write(this.#request(known.revision + 1));
      const gather = new Gather(known.revision);
      pulse.wait();
      for await (const response of stream as AsyncIterable<WatchResponse>) {
        pulse.rest();
        await this.#take(response, known, gather);
        pulse.wait();
      }
      throw new GrpcFailure(status.UNAVAILABLE, `${channel.endpoint} ended the watch`);
    } catch (error) {
      if (!this.#stream && !(error instanceof Gap)) throw new Restart();
      if (isAway(error)) this.#connection.leave(channel);
      if (pulse.isSilent) throw new GrpcFailure(status.UNAVAILABLE, `${channel.endpoint}: nothing was heard for too long`);
      if (isAway(error)) throw new GrpcFailure(status.UNAVAILABLE, `${channel.endpoint}: ${whyNot(error)}`, { cause: error });
      throw error;
    } finally {
      pulse.rest();
      stream.cancel();
      this.#stream = null;
    }
  }

  #request(startRevision: number): WatchRequest {
    const value = { ...rangeOf(this.#prefix), startRevision: BigInt(startRevision), progressNotify: true, fragment: true };
    return create(WatchRequestSchema, { requestUnion: { case: "createRequest", value } });
  }

  async #take(response: WatchResponse, known: Known, gather: Gather): Promise<void> {
    const { header, canceled, created, compactRevision, cancelReason, events, fragment } = response;
    if (header && header.clusterId !== known.clusterId) throw new Gap("the store is another one now");
    if (compactRevision > 0n) throw new Gap(`revision ${known.revision + 1} is compacted away`);
    if (canceled && this.#connection.refusesToken(cancelReason)) throw new GrpcFailure(status.UNAUTHENTICATED, cancelReason);
    if (canceled) throw new GrpcFailure(/permission denied/.test(cancelReason) ? status.PERMISSION_DENIED : status.UNKNOWN, cancelReason);
    if (created) {
      if (Number(header?.revision ?? 0n) < known.revision) await this.#checkRevision(known);
      this.#backoff.reset();
      this.#tell(true, "");
    }
    const whole = gathered(gather, events, fragment);
    if (!whole) return;
    await this.#deliver(() => this.#watcher.onEvents(whole.events, whole.revision));
    known.revision = whole.revision;
  }

  /** A member of a real etcd may be behind the others for a moment; a store that is behind as a whole was put back. */
  async #checkRevision(known: Known): Promise<void> {
    const request = create(RangeRequestSchema, { ...rangeOf(this.#prefix), countOnly: true });
    const { range } = methodsOf(KV);
    const { header } = await this.#connection.call((channel, metadata, ms) => channel.unary(range, request, metadata, ms), {
      repeatable: true,
    });
    const revision = Number(header?.revision ?? 0n);
    if (revision < known.revision) throw new Gap(`the store is back at revision ${revision}, behind ${known.revision}`);
  }
}

/** @throws Gap when a revision is too large to be put together: it will come in a snapshot */
function gathered(gather: Gather, events: Event[], fragment: boolean): Gathered | null {
  try {
    return gather.add(events.map(eventOf), fragment);
  } catch (error) {
    throw new Gap(messageOf(error), { cause: error });
  }
}

async function open(channel: Channel, metadata: Metadata): Promise<{ channel: Channel; stream: Stream }> {
  // A member of a real etcd that lost the others ends the stream, rather than to keep quiet.
  metadata.set("hasleader", "true");
  return { channel, stream: channel.stream(methodsOf(WatchService).watch, metadata) };
}
