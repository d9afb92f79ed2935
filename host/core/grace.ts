// Grace periods (the idea of RCU: McKenney and Slingwine, 1998): what a worker may still be reading is left alone until every worker has
// begun a new breath or sleeps. A worker copies H_GENERATION to W_GENERATION at the top of a breath and says WORKER_IDLE before it sleeps. Main
// thread only.

import { setTimeout as sleep } from "node:timers/promises";
import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "./layout.ts";

const POLL_MS = 1;

export class Grace {
  readonly #memory: WebAssembly.Memory;
  readonly #header: Int32Array<ArrayBufferLike>;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#header = new Int32Array(memory.buffer, abi.HEADER);
  }

  /** Begins a generation: workers notice it at the top of their next breath. Gives the number to ask isOver() with. */
  begin(): number {
    return (Atomics.add(this.#header, abi.H_GENERATION / 4, 1) + 1) | 0;
  }

  /** Whether no worker can still see anything from before `generation`. */
  isOver(generation: number): boolean {
    for (let worker = 0; worker < this.#header[abi.H_WORKERS / 4]; worker++) {
      const words = new Int32Array(this.#memory.buffer, workerBlock(this.#memory, worker), 2);
      if (Atomics.load(words, abi.W_STATE / 4) === abi.WORKER_IDLE) continue;
      if (((Atomics.load(words, abi.W_GENERATION / 4) - generation) | 0) < 0) return false;
    }
    return true;
  }

  /** Waits until isOver(generation). Rejects after `timeoutMs`: a worker hangs. */
  async over(generation: number, timeoutMs = 5000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isOver(generation)) {
      if (Date.now() > deadline) throw new Error(`a worker has not begun a new breath for ${timeoutMs} ms`);
      await sleep(POLL_MS);
    }
  }
}
