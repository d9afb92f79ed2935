// Who watches what of the embedded store. What is committed is told once a turn of the event loop: with many watchers a turn is long, and what has come
// meanwhile is one response to each of them. Main thread.

import type { ResponseHeader } from "../generated/rpc_pb.js";
import { type Listener, nameOf, Topic } from "../watch/topic.ts";
import type { Commit } from "./call.ts";
import { contains, intervalOf, NO_BYTES } from "./interval.ts";

export class Topics {
  readonly #header: (revision: bigint) => ResponseHeader;
  readonly #topics = new Map<string, Topic>();
  /** What nobody has been told of yet. */
  #commits: Commit[] = [];
  #told: bigint;

  /** @param told the revision that the store begins with */
  constructor(told: bigint, header: (revision: bigint) => ResponseHeader) {
    this.#told = told;
    this.#header = header;
  }

  /** Up to here all listeners have been told everything. */
  get told(): bigint {
    return this.#told;
  }

  /** New commits, in order. */
  commit(commits: readonly Commit[]): void {
    if (this.#commits.length === 0) setImmediate(() => this.tell());
    this.#commits.push(...commits);
  }

  tell(): void {
    const commits = this.#commits;
    const last = commits.at(-1);
    if (!last) return;
    this.#commits = [];
    this.#told = last.revision;
    const events = commits.flatMap((commit) => commit.events);
    for (const topic of this.#topics.values()) {
      const interval = intervalOf(topic.wanted.key, topic.wanted.rangeEnd);
      topic.tell(
        events.filter(({ kv }) => contains(interval, kv?.key ?? NO_BYTES)),
        last.revision,
      );
    }
  }

  /** False when the listener has to be told of something that has been told already. */
  join(listener: Listener): boolean {
    if (listener.next <= this.#told) return false;
    const name = nameOf(listener.wanted);
    const topic = this.#topics.get(name) ?? new Topic(listener.wanted, this.#header);
    this.#topics.set(name, topic);
    topic.listeners.add(listener);
    return true;
  }

  leave(listener: Listener): void {
    const name = nameOf(listener.wanted);
    const topic = this.#topics.get(name);
    if (topic?.listeners.delete(listener) && topic.listeners.size === 0) this.#topics.delete(name);
  }
}
