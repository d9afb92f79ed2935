// Leases: granted ones are kept in the database, the time that each has left only here, by a clock that is passed in. So a store that starts gives every
// lease its whole time again, and a grace on top: a manager's restart must end no node's lease. Store's thread.

import type { DatabaseSync } from "node:sqlite";
import { Refused } from "./refused.ts";
import { Statements } from "./statements.ts";

/** On top of its time when the store starts: the agents have yet to find the manager again. */
export const LEASE_GRACE_MS = 10_000;
/** etcd's smallest (its election timeout · 1.5, rounded up) and largest. */
const TTL_SECONDS_MIN = 2n;
const TTL_SECONDS_MAX = 9_000_000_000n;
const LEASES_MAX = 100_000;

interface Lease {
  ttl: bigint;
  endsMs: number;
}

export class Leases {
  readonly #sql: Statements;
  readonly #nowMs: () => number;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #leases: Map<bigint, Lease>;
  /** How to take back what the transaction of the database has not made sure of. */
  #undo: (() => void)[] = [];

  constructor(database: DatabaseSync, nowMs: () => number, random: (bytes: number) => Uint8Array) {
    this.#sql = new Statements(database);
    this.#nowMs = nowMs;
    this.#random = random;
    const rows = this.#sql.all<{ id: bigint; ttl: bigint }>("SELECT id, ttl FROM lease ORDER BY id");
    this.#leases = new Map(rows.map(({ id, ttl }) => [id, { ttl, endsMs: nowMs() + Number(ttl) * 1000 + LEASE_GRACE_MS }]));
  }

  has(id: bigint): boolean {
    return this.#leases.has(id);
  }

  ids(): bigint[] {
    return [...this.#leases.keys()];
  }

  grant(asked: bigint, seconds: bigint): { id: bigint; ttl: bigint } {
    if (seconds > TTL_SECONDS_MAX) throw new Refused("leaseTtlTooLarge");
    if (asked !== 0n && this.#leases.has(asked)) throw new Refused("leaseExists");
    if (this.#leases.size >= LEASES_MAX) throw new Refused("tooManyRequests");
    const id = asked === 0n ? this.#newId() : asked;
    const ttl = seconds < TTL_SECONDS_MIN ? TTL_SECONDS_MIN : seconds;
    this.#sql.run("INSERT INTO lease (id, ttl) VALUES (?, ?)", id, ttl);
    this.#leases.set(id, { ttl, endsMs: this.#nowMs() + Number(ttl) * 1000 });
    this.#undo.push(() => this.#leases.delete(id));
    return { id, ttl };
  }

  /** Its keys are the caller's business. */
  remove(id: bigint): void {
    const lease = this.#leases.get(id);
    if (!lease) throw new Refused("leaseNotFound");
    this.#sql.run("DELETE FROM lease WHERE id = ?", id);
    this.#leases.delete(id);
    this.#undo.push(() => this.#leases.set(id, lease));
  }

  /** Seconds that it now has; 0 when it has ended. */
  keep(id: bigint): bigint {
    const lease = this.#leases.get(id);
    if (!lease) return 0n;
    lease.endsMs = this.#nowMs() + Number(lease.ttl) * 1000;
    return lease.ttl;
  }

  left(id: bigint): { seconds: bigint; granted: bigint } | undefined {
    const lease = this.#leases.get(id);
    return lease && { seconds: BigInt(Math.max(0, Math.floor((lease.endsMs - this.#nowMs()) / 1000))), granted: lease.ttl };
  }

  /** Those whose time is up, the longest ago first. */
  ended(): bigint[] {
    const now = this.#nowMs();
    return [...this.#leases]
      .filter(([, { endsMs }]) => endsMs <= now)
      .sort(([, a], [, b]) => a.endsMs - b.endsMs)
      .map(([id]) => id);
  }

  /** Time in which the store did not run (a stopped process, a long snapshot) is held against no lease. */
  extend(ms: number): void {
    for (const lease of this.#leases.values()) lease.endsMs += ms;
  }

  mark(): number {
    return this.#undo.length;
  }

  /** Back to what was at the mark, as the database is. */
  rollBack(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }

  /** What was done is done. */
  settle(): void {
    this.#undo = [];
  }

  #newId(): bigint {
    for (;;) {
      const id = BigInt.asUintN(63, Buffer.from(this.#random(8)).readBigUInt64BE());
      if (id !== 0n && !this.#leases.has(id)) return id;
    }
  }
}
