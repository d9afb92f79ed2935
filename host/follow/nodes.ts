// The cluster's nodes as one of them knows them: who there is, where, and who lives. No I/O, no clock. Main thread.

import type { NodeRecord } from "../model/cluster/records.ts";

export class Nodes {
  /** This node. */
  readonly self: string;
  readonly #nodes = new Map<string, NodeRecord>();
  /** null until it is heard of: then nobody is dead. */
  #alive: Set<string> | null = null;
  #changes = 0;

  constructor(self: string) {
    this.self = self;
  }

  /** Goes up whenever a node, or who lives, may be another: what is made of all of them is made anew then, and not for each endpoint. */
  get changes(): number {
    return this.#changes;
  }

  get ids(): string[] {
    return [...this.#nodes.keys()];
  }

  /** Every other node, with its VTEP. */
  others(): NodeRecord[] {
    return [...this.#nodes.values()].filter(({ id }) => id !== this.self);
  }

  /** This node, if it is known. */
  own(): NodeRecord | undefined {
    return this.#nodes.get(this.self);
  }

  get(id: string): NodeRecord | undefined {
    return this.#nodes.get(id);
  }

  /** Answers whether it has another VTEP than before. */
  set(node: NodeRecord): boolean {
    const before = this.#nodes.get(node.id);
    this.#nodes.set(node.id, node);
    this.#changes++;
    return before?.vtep !== node.vtep;
  }

  /** Answers whether it was known. */
  remove(id: string): boolean {
    this.#changes++;
    return this.#nodes.delete(id);
  }

  isAlive(id: string): boolean {
    return this.#alive?.has(id) ?? true;
  }

  setAlive(ids: Iterable<string>): void {
    this.#changes++;
    this.#alive = new Set(ids);
  }

  addAlive(id: string): void {
    this.#changes++;
    this.#alive?.add(id);
  }

  removeAlive(id: string): void {
    this.#changes++;
    this.#alive?.delete(id);
  }

  /** VTEPs of nodes whose lease has ended. */
  deadVteps(): Set<string> {
    return new Set(this.others().flatMap(({ id, vtep }) => (this.isAlive(id) ? [] : [vtep])));
  }
}
