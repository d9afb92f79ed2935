// The records of all containers of this host, in memory as on disk. Main thread.

import { OperationError } from "../model/errors.ts";
import { didYouMean } from "../model/near.ts";
import { addRecord, type ContainerRecord, changeRecord, readRecords, removeRecord } from "./record.ts";

export class Book {
  readonly #root: string;
  readonly #records = new Map<string, ContainerRecord>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Reads what is on disk. Throws Node's errors. */
  load(onBroken: (directory: string, why: string) => void): void {
    for (const record of readRecords(this.#root, onBroken)) this.#records.set(record.id, record);
  }

  get size(): number {
    return this.#records.size;
  }

  /** Oldest first. */
  get all(): ContainerRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.created < b.created ? -1 : 1));
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  named(name: string): ContainerRecord | undefined {
    return this.all.find((record) => record.name === name);
  }

  /** By id, name or unique beginning of an id, in Docker's order. Throws OperationError. */
  find(reference: string): ContainerRecord {
    const exact = this.#records.get(reference) ?? this.named(reference);
    if (exact) return exact;
    const matches = this.all.filter(({ id }) => reference !== "" && id.startsWith(reference));
    if (matches.length > 1) throw new OperationError(`${reference}: ${matches.length} containers have an id that begins so`);
    if (matches.length === 1) return matches[0];
    const names = this.all.map(({ name }) => name);
    throw new OperationError(`no such container: ${reference}${didYouMean(reference, names)}`);
  }

  /** Throws Node's errors. */
  add(record: ContainerRecord): void {
    addRecord(this.#root, record);
    this.#records.set(record.id, record);
  }

  /** Throws OperationError or Node's errors. */
  change(id: string, changes: Partial<ContainerRecord>): void {
    const record = { ...this.find(id), ...changes };
    changeRecord(this.#root, record);
    this.#records.set(id, record);
  }

  /** With all files of the container. Throws Node's errors; it is then forgotten all the same, and removed at the next start. */
  remove(id: string): void {
    this.#records.delete(id);
    removeRecord(this.#root, id);
  }
}
