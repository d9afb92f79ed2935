// Who is a member as far as a manager knows: the nodes that have a record, by watch. The front asks on every call. Main thread.

import { NODES } from "../model/cluster/keys.ts";
import type { Store, Watch } from "../model/cluster/store.ts";

export type Standing = "member" | "removed" | "unknown";

export class Members {
  readonly #own: string;
  readonly #watch: Watch;
  readonly #leaving = new Set<(nodeId: string) => void>();
  #nodes: Set<string> | null = null;

  /** @param own the manager's own node, which is let in before there is a record of it: it is what writes the first */
  constructor(store: Store, own: string) {
    this.#own = own;
    this.#watch = store.watch(NODES, {
      onSnapshot: ({ entries }) => this.#become(new Set(entries.map(({ key }) => key.slice(NODES.length)))),
      onEvents: (events) => {
        const nodes = new Set(this.#nodes);
        for (const event of events) {
          if (event.type === "put") nodes.add(event.entry.key.slice(NODES.length));
          else nodes.delete(event.key.slice(NODES.length));
        }
        this.#become(nodes);
      },
    });
  }

  /** "unknown" until the store has been read. */
  standing(nodeId: string): Standing {
    if (nodeId === this.#own || this.#nodes?.has(nodeId)) return "member";
    return this.#nodes ? "removed" : "unknown";
  }

  /** Told of each node that goes; answers what ends that. */
  onLeaving(listener: (nodeId: string) => void): () => void {
    this.#leaving.add(listener);
    return () => this.#leaving.delete(listener);
  }

  close(): void {
    this.#watch.close();
  }

  #become(nodes: Set<string>): void {
    const gone = [...(this.#nodes ?? [])].filter((id) => !nodes.has(id) && id !== this.#own);
    this.#nodes = nodes;
    for (const id of gone) for (const listener of this.#leaving) listener(id);
  }
}
