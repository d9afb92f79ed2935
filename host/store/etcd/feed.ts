// One watch on etcd for all who want the same and know as much: what it tells goes to all of them. It reads on while the fastest of them has taken
// everything; whoever is too far behind leaves (host/store/watch/stream.ts) and has a feed of its own. Main thread.

import type { Event } from "../generated/kv_pb.js";
import type { ResponseHeader, WatchResponse } from "../generated/rpc_pb.js";
import { revisionOf } from "../watch/batch.ts";
import { type Listener, Topic, type Wanted } from "../watch/topic.ts";

/** Of events that are received and not told yet: they are told once a turn of the event loop. */
const WAITING_EVENTS_MAX = 1_000;

export interface FeedOptions {
  wanted: Wanted;
  /** The first revision that it tells. */
  start: bigint;
  header(revision: bigint): ResponseHeader;
  open(start: bigint, signal: AbortSignal): AsyncIterable<WatchResponse>;
  /** It has received more, up to its position. */
  onAdvance(feed: Feed): void;
  /** Nobody is to join it any more. */
  onEnd(feed: Feed): void;
  /** One that is to listen elsewhere: it ended, for a reason that is not that one's. */
  onLeft(listener: Listener): void;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #topic: Topic;
  readonly #stop = new AbortController();
  #position: bigint;
  /** Up to where etcd says that all has been told; 0 = it did not say. */
  #progress = 0n;
  /** Received, of whole revisions, and not told. */
  #events: Event[] = [];
  /** Of a revision whose rest is yet to come. */
  #part: Event[] = [];
  #wake: () => void = () => {};

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#position = options.start - 1n;
    this.#topic = new Topic(options.wanted, options.header);
    void this.#run();
  }

  /**
   * Its listeners have been told, or will be in a moment, everything up to here, and will be told everything after it. It is of events alone: what
   * etcd says of progress may overtake events (before 3.4.25 and 3.5.8).
   */
  get position(): bigint {
    return this.#position;
  }

  /** Up to where a listener that is idle has been told everything. */
  get told(): bigint {
    if (this.#events.length > 0) return revisionOf(this.#events[0]) - 1n;
    return this.#progress > this.#position ? this.#progress : this.#position;
  }

  get listeners(): Iterable<Listener> {
    return this.#topic.listeners;
  }

  /** One that knows everything up to the position. */
  add(listener: Listener): void {
    this.#topic.listeners.add(listener);
    listener.onIdle = () => this.#wake();
    this.#wake();
  }

  remove(listener: Listener): void {
    if (!this.#topic.listeners.delete(listener)) return;
    listener.onIdle = () => {};
    if (this.#topic.listeners.size === 0) this.#end();
    // The slower ones set the pace now.
    else this.#wake();
  }

  /** Tells what it has. */
  tell(): void {
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#topic.tell(events, this.#position);
  }

  #end(): void {
    this.#stop.abort();
    this.#wake();
    this.#options.onEnd(this);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const response of this.#options.open(this.#position + 1n, signal)) {
        if (response.canceled) return this.#cancelled(response);
        this.#take(response);
        await this.#pace();
        if (signal.aborted) return;
      }
    } catch (error) {
      this.#end();
      for (const listener of [...this.#topic.listeners]) listener.fail(error);
    }
  }

  #cancelled({ compactRevision, cancelReason }: WatchResponse): void {
    this.tell();
    this.#end();
    // What is compacted is what others asked for: those who came later know it.
    for (const listener of [...this.#topic.listeners])
      if (compactRevision > 0n && listener.next >= compactRevision) this.#options.onLeft(listener);
      else listener.cancel({ compactRevision, cancelReason });
  }

  #take({ events, fragment, created, header }: WatchResponse): void {
    if (events.length === 0) {
      if (!created && !fragment && this.#part.length === 0) this.#progress = header?.revision ?? 0n;
      return;
    }
    const all = [...this.#part, ...events];
    const last = revisionOf(all[all.length - 1]);
    const whole = fragment ? all.findIndex((event) => revisionOf(event) === last) : all.length;
    this.#part = all.slice(whole);
    if (whole === 0) return;
    if (this.#events.length === 0) setImmediate(() => this.tell());
    for (const event of all.slice(0, whole)) this.#events.push(event);
    this.#position = revisionOf(all[whole - 1]);
    this.#options.onAdvance(this);
  }

  /** Until one of the listeners is ready for more. */
  async #pace(): Promise<void> {
    if (this.#events.length >= WAITING_EVENTS_MAX) this.tell();
    while (!this.#stop.signal.aborted && !this.#topic.listeners.values().some(({ isIdle }) => isIdle))
      await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
