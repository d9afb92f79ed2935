// Indices of a table of the packet core, from 1 (0 means "none" everywhere); the lowest free one is given out. Whoever gives one back has let a grace
// period pass: host/control/retired.ts. Main thread.

export class Indices {
  readonly #limit: number;
  /** Given back, in no order. */
  readonly #free: number[] = [];
  #next = 1;

  /** `limit`: entries of the table, number 0 among them. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** 0 when all are given out. */
  take(): number {
    if (this.#free.length === 0) return this.#next < this.#limit ? this.#next++ : 0;
    const lowest = Math.min(...this.#free);
    this.#free.splice(this.#free.indexOf(lowest), 1);
    return lowest;
  }

  give(index: number): void {
    this.#free.push(index);
  }
}
