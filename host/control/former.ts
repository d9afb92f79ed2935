// What was counted in networks that are no more: it goes on being counted among the frames of no network, so that no sum ever falls. Main thread.

import * as abi from "../../assembly/abi/index.ts";
import { clearCounters, readCounters } from "../core/read.ts";
import type { DataPlane } from "./dataplane.ts";

export class FormerCounters {
  readonly #plane: Pick<DataPlane, "memory" | "workers">;
  /** Networks that are withdrawn, and still counted in. */
  readonly #leaving = new Set<number>();
  /** By worker, of those that are gone. */
  readonly #sums: readonly BigUint64Array[];

  constructor(plane: Pick<DataPlane, "memory" | "workers">) {
    this.#plane = plane;
    this.#sums = Array.from({ length: plane.workers }, () => new BigUint64Array(abi.COUNTERS));
  }

  /** The network of this index is withdrawn. */
  leave(index: number): void {
    this.#leaving.add(index);
  }

  /** No worker counts in it any more: its counters are clear for the next that has the index. */
  free(index: number): void {
    const { memory, workers } = this.#plane;
    for (let worker = 0; worker < workers; worker++) {
      add(this.#sums[worker], readCounters(memory, worker, index));
      clearCounters(memory, worker, index);
    }
    this.#leaving.delete(index);
  }

  /** Of one worker. */
  counters(worker: number): BigUint64Array {
    const sum = this.#sums[worker].slice() as BigUint64Array;
    for (const index of this.#leaving) add(sum, readCounters(this.#plane.memory, worker, index));
    return sum;
  }
}

function add(sum: BigUint64Array, more: BigUint64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i];
}
