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

  /** Whether no worker can still see anything from before `generation`: each has begun a breath since, or sleeps. */
  isOver(generation: number): boolean {
    return this.#everyWorker((words) => Atomics.load(words, abi.W_STATE / 4) === abi.WORKER_IDLE || hasSeen(words, generation));
  }

  /** Waits until isOver(generation). Rejects after `timeoutMs`: a worker hangs. */
  over(generation: number, timeoutMs = 5000): Promise<void> {
    return this.#until(() => this.isOver(generation), timeoutMs);
  }

  /**
   * Waits until every worker has begun a breath since `generation`; sleepers must have been woken. What a worker does at the top of a
   * breath (to stop watching a descriptor that is about to be closed) is done then. Rejects after `timeoutMs`.
   */
  seen(generation: number, timeoutMs = 5000): Promise<void> {
    return this.#until(() => this.#everyWorker((words) => hasSeen(words, generation)), timeoutMs);
  }

  #everyWorker(test: (words: Int32Array<ArrayBufferLike>) => boolean): boolean {
    for (let worker = 0; worker < this.#header[abi.H_WORKERS / 4]; worker++) {
      if (!test(new Int32Array(this.#memory.buffer, workerBlock(this.#memory, worker), 2))) return false;
    }
    return true;
  }

  async #until(test: () => boolean, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!test()) {
      if (Date.now() > deadline) throw new Error(`a worker has not begun a new breath for ${timeoutMs} ms`);
      await sleep(POLL_MS);
    }
  }
}

function hasSeen(words: Int32Array<ArrayBufferLike>, generation: number): boolean {
  return ((Atomics.load(words, abi.W_GENERATION / 4) - generation) | 0) >= 0;
}
