// Who is a member as far as a manager knows: the nodes that have a record, by watch. The front asks on every call. A node that joined at another
// manager a moment ago may call before the watch has told of it: one that is not known is looked up before it is called removed. Main thread.

import { NODES, nodeKey } from "../model/cluster/keys.ts";
import type { Store, Watch } from "../model/cluster/store.ts";

export type Standing = "member" | "removed" | "unknown";

/** Nodes that are known to have been removed; past that they are looked up again. */
const REMOVED_MAX = 10_000;

export class Members {
  readonly #store: Store;
  readonly #own: string;
  readonly #watch: Watch;
  readonly #leaving = new Set<(nodeId: string) => void>();
  readonly #removed = new Set<string>();
  /** Being looked up; whoever comes first with news takes them out. */
  readonly #asked = new Set<string>();
  #nodes: Set<string> | null = null;

  /** @param own the manager's own node, which is let in before there is a record of it, since it writes the first; not when that has gone */
  constructor(store: Store, own: string) {
    this.#store = store;
    this.#own = own;
    this.#watch = store.watch(NODES, {
      onSnapshot: ({ entries }) => this.#become(entries.map(({ key }) => key.slice(NODES.length))),
      onEvents: (events) => {
        for (const event of events) {
          if (event.type === "put") this.admit(event.entry.key.slice(NODES.length));
          else this.#remove(event.key.slice(NODES.length));
        }
      },
    });
  }

  /** "unknown" until the store has said; who asks again is told. */
  standing(nodeId: string): Standing {
    if (this.#removed.has(nodeId)) return "removed";
    if (nodeId === this.#own || this.#nodes?.has(nodeId)) return "member";
    if (this.#nodes) void this.#lookUp(nodeId);
    return "unknown";
  }

  /** A node has a record from now on. */
  admit(nodeId: string): void {
    this.#asked.delete(nodeId);
    this.#removed.delete(nodeId);
    this.#nodes?.add(nodeId);
  }

  /** Told of each node that goes; answers what ends that. */
  onLeaving(listener: (nodeId: string) => void): () => void {
    this.#leaving.add(listener);
    return () => this.#leaving.delete(listener);
  }

  close(): void {
    this.#watch.close();
  }

  #become(ids: string[]): void {
    const before = this.#nodes ?? new Set();
    this.#nodes = new Set(ids);
    for (const id of ids) this.#removed.delete(id);
    for (const id of before) if (!this.#nodes.has(id)) this.#remove(id);
  }

  #remove(nodeId: string): void {
    this.#nodes?.delete(nodeId);
    this.#noteRemoved(nodeId);
    for (const listener of this.#leaving) listener(nodeId);
  }

  #noteRemoved(nodeId: string): void {
    this.#asked.delete(nodeId);
    if (this.#removed.size >= REMOVED_MAX) this.#removed.clear();
    this.#removed.add(nodeId);
  }

  async #lookUp(nodeId: string): Promise<void> {
    if (this.#asked.has(nodeId)) return;
    this.#asked.add(nodeId);
    try {
      const entry = await this.#store.get(nodeKey(nodeId));
      // What the watch has told meanwhile is newer.
      if (!this.#asked.has(nodeId)) return;
      if (entry) this.admit(nodeId);
      else this.#noteRemoved(nodeId);
    } catch {
      this.#asked.delete(nodeId); // asked again at the node's next call
    }
  }
}
