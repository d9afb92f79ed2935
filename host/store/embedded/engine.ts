// The embedded store itself: etcd's answers to etcd's requests, from a database. Synchronous, with clock and randomness passed in, so that it
// runs in a thread of its own (host/store/embedded/thread.ts) or inside a simulation (host/store/embedded/engine-store.ts).
//
// Calls come in groups. A group is one transaction of the database: all of it is on the disk before any of it is answered, for the price of
// one write to the disk. Within, each call has a revision of its own if it changes anything, and one that is refused leaves no trace.

import { randomBytes } from "node:crypto";
import { closeSync, openSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../model/errors.ts";
import type { ResponseHeader } from "../generated/rpc_pb.js";
import type { Answer, Call, Commit, Outcome } from "./call.ts";
import { FILE_BYTES_MAX, FULL, fileBytes, openDatabase, resultCodeOf } from "./database.ts";
import { type Handled, handle } from "./handle.ts";
import type { Interval } from "./interval.ts";
import { type HistoryPage, KeySpace } from "./keyspace.ts";
import { Leases } from "./leases.ts";
import { headerOf, type Identity, Meta } from "./meta.ts";
import { Refused } from "./refused.ts";
import { Statements } from "./statements.ts";
import { Transaction } from "./transaction.ts";

export interface EngineOptions {
  /** A path, or ":memory:". */
  file: string;
  /** Never goes back, and no setting of the host's clock moves it. */
  nowMs(): number;
  random?(bytes: number): Uint8Array;
  /** Beyond it nothing is put any more. */
  fileBytesMax?: number;
}

/** History that is kept. Who watches from further back is told so, and reads everything anew. */
export const HISTORY_REVISIONS = 10_000n;
/** It is cut when it is longer by so much. */
export const HISTORY_SLACK_REVISIONS = 1_000n;

export class Engine implements Handled {
  readonly keys: KeySpace;
  readonly leases: Leases;
  /** Of the database's last committed transaction, and of changes in the running one. */
  revision: bigint;
  compacted: bigint;
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #meta: Meta;
  readonly #fileBytesMax: bigint;
  #isFull = false;
  #commits: Commit[] = [];

  /** Throws OperationError that names the file. */
  constructor({ file, nowMs, random = randomBytes, fileBytesMax = FILE_BYTES_MAX }: EngineOptions) {
    this.#database = openDatabase(file);
    this.#sql = new Statements(this.#database);
    this.#meta = new Meta(this.#database, random);
    this.#fileBytesMax = BigInt(fileBytesMax);
    this.keys = new KeySpace(this.#database);
    this.leases = new Leases(this.#database, nowMs, random);
    this.revision = this.#meta.revision;
    this.compacted = this.#meta.compacted;
  }

  get identity(): Identity {
    return this.#meta.identity;
  }

  /** Whether it has grown so large that nothing may be put. */
  get isFull(): boolean {
    return this.#isFull;
  }

  header(revision: bigint): ResponseHeader {
    return headerOf(this.identity, revision);
  }

  size(): { total: bigint; used: bigint } {
    return fileBytes(this.#database);
  }

  /** Does all of them, in order, as one transaction of the database. */
  run(calls: readonly Call[]): Outcome[] {
    const works = calls.map((call) => () => handle(this, call));
    return this.#group(works);
  }

  /** Ends the leases whose time is up: each one's keys are deleted in one revision. */
  expire(): void {
    const end = (id: bigint) => this.change((transaction) => transaction.endLease(id));
    const works = this.leases.ended().map((id) => () => end(id));
    if (works.length > 0) this.#group(works);
  }

  /** What was changed since this was asked last, in order. */
  takeCommits(): Commit[] {
    const commits = this.#commits;
    this.#commits = [];
    return commits;
  }

  /** Changes from a revision on. Throws Refused ("compacted") when they are not all there any more. */
  history(interval: Interval, from: bigint, prevKv: boolean, eventsMax: number, bytesMax: number): HistoryPage {
    if (from < this.compacted) throw new Refused("compacted");
    return this.keys.history(interval, from, this.revision, prevKv, eventsMax, bytesMax);
  }

  change<Value>(work: (transaction: Transaction) => Value): Value {
    const transaction = new Transaction(this.keys, this.leases, this);
    const value = work(transaction);
    if (transaction.events.length > 0) {
      this.revision = transaction.revision;
      this.#commits.push({ revision: this.revision, events: transaction.events });
    }
    return value;
  }

  compact(revision: bigint): void {
    if (revision <= this.compacted) throw new Refused("compacted");
    if (revision > this.revision) throw new Refused("futureRevision");
    this.keys.compact(revision);
    this.compacted = revision;
  }

  /** Time in which the store did not run is held against no lease. */
  extendLeases(ms: number): void {
    this.leases.extend(ms);
  }

  /** A copy of the whole as it is now, into a file that must not be there yet: its owner's alone, whole or not there. */
  snapshot(file: string): void {
    closeSync(openSync(file, "wx", 0o600));
    try {
      this.#sql.run("VACUUM INTO ?", file);
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #group(works: (() => Answer | undefined)[]): Outcome[] {
    const { revision, compacted } = this;
    const commits = this.#commits.length;
    try {
      this.#sql.run("BEGIN");
      this.#makeRoom();
      const outcomes = works.map((work) => this.#one(work));
      if (this.revision - this.compacted > HISTORY_REVISIONS + HISTORY_SLACK_REVISIONS) this.compact(this.revision - HISTORY_REVISIONS);
      this.#meta.save(this.revision, this.compacted);
      this.#sql.run("COMMIT");
      this.leases.settle();
      return outcomes;
    } catch (error) {
      // SQLite has rolled back by itself after some errors.
      if (this.#database.isTransaction) this.#sql.run("ROLLBACK");
      this.#meta.restore(revision, compacted);
      this.leases.rollBack(0);
      this.revision = revision;
      this.compacted = compacted;
      this.#commits.length = commits;
      this.keys.rests.forget();
      const outcome: Outcome = resultCodeOf(error) === FULL ? { refused: "noSpace" } : { failed: messageOf(error) };
      return works.map(() => outcome);
    }
  }

  /** A store that is full forgets its history before it refuses anything. */
  #makeRoom(): void {
    const isFull = () => this.size().used > this.#fileBytesMax;
    if (isFull() && this.compacted < this.revision) this.compact(this.revision);
    this.#isFull = isFull();
  }

  #one(work: () => Answer | undefined): Outcome {
    const mark = this.leases.mark();
    this.#sql.run("SAVEPOINT one");
    try {
      const answer = work() as Answer;
      this.#sql.run("RELEASE one");
      return { answer };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#sql.run("ROLLBACK TO one");
      this.#sql.run("RELEASE one");
      this.leases.rollBack(mark);
      this.keys.rests.forget();
      return { refused: error.which };
    }
  }
}
