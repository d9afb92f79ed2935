// A worker's W_STATS, as two u32 words each: no BigInt in the loop. The main thread reads them as u64s (host/core/read.ts); it may
// see a carry half done, once in 2^32 counts, for one scrape. Used by one worker thread.

import { S_BATCH_SIZES, W_STATS } from "../../assembly/abi/worker.ts";

const WORD = 2 ** 32;

export class Stats {
  readonly #words: Uint32Array<ArrayBufferLike>;

  constructor(memory: WebAssembly.Memory, block: number) {
    this.#words = new Uint32Array(memory.buffer, block + W_STATS, 64);
  }

  /** Adds to the counter at byte offset `stat` (S_*). */
  add(stat: number, amount: number): void {
    const at = stat >> 2;
    const low = this.#words[at] + amount;
    if (low >= WORD) this.#words[at + 1]++;
    this.#words[at] = low;
  }

  /** Sets a counter that somebody else keeps. */
  set(stat: number, value: number): void {
    this.#words[stat >> 2] = value;
    this.#words[(stat >> 2) + 1] = Math.floor(value / WORD);
  }

  /** Counts a batch of `size` (1..64) in the histogram. */
  batch(size: number): void {
    this.add(S_BATCH_SIZES + 8 * (32 - Math.clz32(size - 1)), 1);
  }
}
