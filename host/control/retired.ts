// What has been withdrawn from the workers and may be freed once none of them can still be using it: indices, descriptors, interfaces. Main thread.

import { messageOf } from "../model/errors.ts";
import type { DataPlane } from "./dataplane.ts";

type Free = () => void | Promise<void>;

export class Retired {
  readonly #plane: DataPlane;
  readonly #onGrace: (() => void)[] = [];
  #waiting: Free[] = [];

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  /** Calls `work` whenever a grace period is over, before anything is freed: what workers told of old indices is then in their rings, all of it. */
  onGrace(work: () => void): void {
    this.#onGrace.push(work);
  }

  /** Frees later, in the order of the calls. */
  later(free: Free): void {
    this.#waiting.push(free);
  }

  /**
   * Lets a grace period pass and frees what waits; answers what could not be freed and why. When a worker hangs everything goes on waiting, until the
   * next call.
   */
  async settle(): Promise<string[]> {
    const ready = this.#waiting;
    if (ready.length === 0) return [];
    this.#waiting = [];
    try {
      await this.#grace();
    } catch (error) {
      this.#waiting = [...ready, ...this.#waiting];
      return [messageOf(error)];
    }
    const failures: string[] = [];
    for (const result of await Promise.allSettled(ready.map((free) => Promise.try(free)))) {
      if (result.status === "rejected") failures.push(messageOf(result.reason));
    }
    return failures;
  }

  async #grace(): Promise<void> {
    await this.#plane.published();
    // A worker in place of one that trapped says that it has seen a generation before it finishes the batch of its predecessor: so a second one.
    await this.#plane.published();
    for (const work of this.#onGrace) work();
  }
}
