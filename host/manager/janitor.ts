// Nodes that have died: marked, unmarked when they are back, and after a long time freed of what they hold. What a manager frees by is how long it
// has itself seen the node dead, by a clock that is never set: no time in the store, and no other's clock, can make it sooner; a manager that
// starts anew counts from the beginning. Several managers may sweep one store. Main thread.

import { ALIVE, aliveKey, NODES } from "../model/cluster/keys.ts";
import { DEAD_NODE_HOURS, type NodeRecord, rewrite } from "../model/cluster/records.ts";
import type { Compare } from "../model/cluster/store.ts";
import { type Context, isoTime, readAll, type Stored, unchanged } from "./context.ts";
import { releaseNode } from "./release.ts";

const DEAD_NODE_MS = DEAD_NODE_HOURS * 3_600_000;
/** For so long a node that has just joined, and has not said yet that it lives, is not called dead. */
const ARRIVAL_MS = 15_000;

/** Names of nodes. */
export interface Swept {
  died: string[];
  returned: string[];
  /** With how many endpoints were freed. */
  freed: { node: string; endpoints: number }[];
}

export class Janitor {
  readonly #context: Context;
  /** Node → when this manager first saw it dead, by the clock of `sweep`. */
  readonly #deadSince = new Map<string, number>();
  /** Nodes that joined long before this manager began, or have said since that they live. */
  #met: Set<string> | null = null;

  constructor(context: Context) {
    this.#context = context;
  }

  async sweep(monotonicMs: number): Promise<Swept> {
    const { store } = this.#context;
    const swept: Swept = { died: [], returned: [], freed: [] };
    // Nodes first: one that registers in between is taken for alive, or not seen at all.
    const nodes = await readAll<NodeRecord>(store, NODES);
    const alive = new Set((await store.list(ALIVE, { keysOnly: true })).entries.map(({ key }) => key.slice(ALIVE.length)));
    const present = new Set(nodes.map(({ record }) => record.id));
    const met =
      this.#met ??
      nodes.filter(({ record }) => this.#context.now() - Date.parse(record.joinedAt) > ARRIVAL_MS).map(({ record }) => record.id);
    this.#met = new Set([...met, ...alive].filter((id) => present.has(id)));
    for (const id of this.#deadSince.keys()) {
      if (alive.has(id) || !present.has(id)) this.#deadSince.delete(id);
    }
    for (const node of nodes) {
      if (alive.has(node.record.id)) await this.#back(node, swept);
      else await this.#dead(node, monotonicMs, swept);
    }
    return swept;
  }

  async #back(node: Stored<NodeRecord>, swept: Swept): Promise<void> {
    if (node.record.deadSince === null) return;
    if (await this.#mark(node, null, { key: aliveKey(node.record.id), is: "present" })) swept.returned.push(node.record.name);
  }

  async #dead(node: Stored<NodeRecord>, monotonicMs: number, swept: Swept): Promise<void> {
    const { id, name, deadSince } = node.record;
    const gone: Compare = { key: aliveKey(id), is: "absent" };
    const since = this.#deadSince.get(id) ?? monotonicMs;
    this.#deadSince.set(id, since);
    const awaited = !this.#met?.has(id) && monotonicMs - since < ARRIVAL_MS;
    if (deadSince === null && !awaited && (await this.#mark(node, isoTime(this.#context.now()), gone))) swept.died.push(name);
    if (monotonicMs - since < DEAD_NODE_MS) return;
    // It may come back at any moment: each transaction compares that it has not.
    const endpoints = await releaseNode(this.#context, id, [gone]);
    if (endpoints !== null && endpoints > 0) swept.freed.push({ node: name, endpoints });
  }

  /** A race that is lost is run again by the next sweep. */
  async #mark(node: Stored<NodeRecord>, deadSince: string | null, still: Compare): Promise<boolean> {
    const value = rewrite<NodeRecord>(node.json, { deadSince });
    return (await this.#context.store.commit([unchanged(node), still], [{ put: node.key, value }])).succeeded;
  }
}
