// The watches on etcd behind a front, shared by its callers as far as that can be. For what is watched there is a *leading* feed, and others for those
// who begin in its past; when one of those has come as far as the leading one, its listeners go over to it. Main thread.
//
//   leading    ───────────────●          position: all up to here has been told, all after it will be
//   behind        ───●───────►│          whoever knows at least a feed's position can join it: what it tells of before `next` is left out
//                             └ position ≥ the leading one's: so they can join that one, and nothing is missed or told twice

import { failure } from "../backend.ts";
import type { ResponseHeader, WatchResponse } from "../generated/rpc_pb.js";
import { type Listener, nameOf, type Wanted } from "../watch/topic.ts";
import { Feed } from "./feed.ts";

/** Watches on etcd at a time: one for each prefix that is watched, and one for each who catches up. */
const FEEDS_MAX = 10_000;

export interface FeedsOptions {
  /** The latest revision that is known. */
  latest(): bigint;
  header(revision: bigint): ResponseHeader;
  open(wanted: Wanted, start: bigint, signal: AbortSignal): AsyncIterable<WatchResponse>;
}

export class Feeds {
  readonly #options: FeedsOptions;
  /** By what they tell; the leading one first. */
  readonly #feeds = new Map<string, Feed[]>();
  readonly #of = new Map<Listener, Feed>();
  #count = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  join(listener: Listener): void {
    const name = nameOf(listener.wanted);
    const fitting = (this.#feeds.get(name) ?? []).filter(({ position }) => position < listener.next);
    const feed = fitting.sort(furthestFirst)[0];
    if (feed) this.#add(listener, feed);
    else if (this.#count < FEEDS_MAX) this.#add(listener, this.#begin(name, listener));
    else listener.fail(failure("tooManyRequests"));
  }

  leave(listener: Listener): void {
    this.#of.get(listener)?.remove(listener);
    this.#of.delete(listener);
  }

  /** Up to where a listener that is idle has been told everything. */
  told(listener: Listener): bigint {
    return this.#of.get(listener)?.told ?? 0n;
  }

  #add(listener: Listener, feed: Feed): void {
    this.#of.set(listener, feed);
    feed.add(listener);
  }

  #begin(name: string, { wanted, next }: Listener): Feed {
    const { header, latest, open } = this.#options;
    // One that waits for the future gets nothing of the time until then; its feed is the others', too.
    const present = latest() + 1n;
    this.#count++;
    const feed: Feed = new Feed({
      wanted,
      start: next > present ? present : next,
      header,
      open: (start, signal) => open(wanted, start, signal),
      onAdvance: () => this.#handOver(name, feed),
      onEnd: () => this.#forget(name, feed),
      onLeft: (listener) => {
        this.leave(listener);
        this.join(listener);
      },
    });
    const feeds = this.#feeds.get(name);
    if (feeds) feeds.push(feed);
    else this.#feeds.set(name, [feed]);
    return feed;
  }

  #handOver(name: string, feed: Feed): void {
    const leading = this.#feeds.get(name)?.[0];
    if (!leading || leading === feed || feed.position < leading.position) return;
    feed.tell();
    for (const listener of [...feed.listeners]) {
      feed.remove(listener);
      this.#add(listener, leading);
    }
  }

  #forget(name: string, feed: Feed): void {
    const feeds = this.#feeds.get(name) ?? [];
    const left = feeds.filter((other) => other !== feed);
    this.#count -= feeds.length - left.length;
    if (feeds[0] === feed) left.sort(furthestFirst);
    if (left.length > 0) this.#feeds.set(name, left);
    else this.#feeds.delete(name);
  }
}

function furthestFirst(a: Feed, b: Feed): number {
  return Number(b.position - a.position);
}
