// Readers that go through many keys a page at a time, at one revision: what a page leaves is what the next one counts, and each key is counted once
// instead of once a page. Store's thread.

import type { Interval } from "./interval.ts";

/** Readers at a time; beyond, the one that has waited longest has its next page counted. */
const READERS_MAX = 64;
const ZERO = Buffer.alloc(1);

export class Rests {
  readonly #counts = new Map<string, bigint>();

  /** How many keys an interval has at a revision, if it begins where a page ended. */
  take(interval: Interval, revision: bigint): bigint | undefined {
    const reader = readerOf(interval, interval.from, revision);
    const count = this.#counts.get(reader);
    this.#counts.delete(reader);
    return count;
  }

  /** A page of the interval ended with `last`: so many keys come after it. */
  note(interval: Interval, last: Uint8Array, revision: bigint, count: bigint): void {
    this.#counts.set(readerOf(interval, Buffer.concat([last, ZERO]), revision), count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > READERS_MAX) this.#counts.delete(oldest);
  }

  /** Changes are taken back: their revision will be another's. */
  forget(): void {
    this.#counts.clear();
  }
}

function readerOf(interval: Interval, from: Uint8Array, revision: bigint): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return [revision, interval.kind, from.length, text(from), interval.kind === "upto" ? text(interval.to) : ""].join(" ");
}
