// How much of a manager one worker may have at a time. A host that was broken into keeps its certificate until somebody removes it, and what it asks for
// shall cost the others little: what is beyond these waits its turn, or is refused. An agent in its right mind comes near none of them. Main thread.

import { Bucket } from "../model/bucket.ts";
import { NETWORKS_LIMIT } from "../model/limits.ts";
import { failure } from "./backend.ts";
import type { Caller } from "./rights.ts";

/** Calls of the store that run at a time; a page of a range takes some 10 ms of the store's thread. */
export const CALLS_AT_ONCE = 16;
/** Operations of a manager, each of which is several calls. */
export const OPERATIONS_AT_ONCE = 16;
/** What waits for one of these to end. */
const WAITING_MAX = 4_096;
/** Changes of its own two records, and leases: an agent makes a few when it comes back, and then one when a route changes. */
export const WRITES_PER_SECOND = 20;
export const WRITES_AT_ONCE = 200;
const WRITE_BYTES_PER_SECOND = 256 * 1024;
const WRITE_BYTES_AT_ONCE = 8 * 1024 ** 2;
/** Twice what an agent has that takes part in all networks: those of a connection that was lost last until that is found out. */
export const STREAMS_MAX = 2 * (NETWORKS_LIMIT + 8);
/** Leases at a time; an agent needs one. */
export const LEASES_MAX = 8;

/** So many at a time; others wait, in order. */
class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#most) this.#running++;
    else if (this.#waiting.length < WAITING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else throw failure("tooManyRequests");
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

export class Allowance {
  readonly #calls = new Gate(CALLS_AT_ONCE);
  readonly #operations = new Gate(OPERATIONS_AT_ONCE);
  readonly #writes = new Bucket(WRITES_PER_SECOND, WRITES_AT_ONCE);
  readonly #writeBytes = new Bucket(WRITE_BYTES_PER_SECOND, WRITE_BYTES_AT_ONCE);
  #leases: bigint[] = [];
  #streams = 0;

  call<T>(work: () => Promise<T>): Promise<T> {
    return this.#calls.pass(work);
  }

  operation<T>(work: () => Promise<T>): Promise<T> {
    return this.#operations.pass(work);
  }

  /** Throws GrpcFailure. `nowMs`: of a clock that never goes back. */
  write(bytes: number, nowMs: number): void {
    if (!this.#writes.take(nowMs) || !this.#writeBytes.take(nowMs, bytes)) throw failure("tooManyRequests");
  }

  /** A stream begins; answers what ends that. Throws GrpcFailure. */
  stream(): () => void {
    if (this.#streams >= STREAMS_MAX) throw failure("tooManyRequests");
    this.#streams++;
    return () => {
      this.#streams--;
    };
  }

  /** Answers the lease that has to end for it, if any: the oldest. */
  enterLease(lease: bigint): bigint | undefined {
    this.#leases.push(lease);
    return this.#leases.length > LEASES_MAX ? this.#leases.shift() : undefined;
  }
}

/** Of all workers of a front. */
export class Allowances {
  readonly #byNode = new Map<string, Allowance>();

  /** null for a manager: there is no end to what it may have. */
  of({ nodeId, role }: Caller): Allowance | null {
    if (role === "manager") return null;
    const allowance = this.#byNode.get(nodeId) ?? new Allowance();
    this.#byNode.set(nodeId, allowance);
    return allowance;
  }

  forget(nodeId: string): void {
    this.#byNode.delete(nodeId);
  }
}
