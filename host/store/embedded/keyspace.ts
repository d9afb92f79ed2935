// The table `kv` (host/store/embedded/database.ts): what keys are now and what they were, as rows of SQLite. It knows revisions and intervals, not etcd's requests.
// Store's thread.

import type { DatabaseSync } from "node:sqlite";
import type { Event, KeyValue } from "../generated/kv_pb.js";
import { type Interval, NO_BYTES } from "./interval.ts";
import { Rests } from "./rests.ts";
import { Statements } from "./statements.ts";

interface Row {
  id: bigint;
  key: Uint8Array;
  created: bigint;
  version: bigint;
  lease: bigint;
  value: Uint8Array;
}

/** Part of a history: whole revisions. */
export interface HistoryPage {
  events: Event[];
  /** Where it goes on; a revision that is yet to come once all has been told. */
  next: bigint;
}

/** A row's id is revision · 2^24 + place: no transaction changes more keys than that. */
const PLACE_BITS = 24n;
/** mvccpb.Event.EventType */
const PUT = 0;
const DELETE = 1;

const ALL = "id, key, created, version, lease, value";
const WITHOUT_VALUE = "id, key, created, version, lease, x'' AS value";

/** Parameters everywhere: ?1 limit, ?2 revision, ?3 first id after that revision, ?4 from, ?5 to. */
const WHERE = { one: "key = ?4", upto: "key >= ?4 AND key < ?5", rest: "key >= ?4" };

const nowIn = (where: string) => `kv INDEXED BY live WHERE ended IS NULL AND ${where}`;
/** Rows that were then and are still, and rows that were then: of the latter there are no more than changes since. */
const thenIn = (where: string) => [
  `kv INDEXED BY live WHERE ended IS NULL AND id < ?3 AND ${where}`,
  `kv INDEXED BY past WHERE ended > ?2 AND id < ?3 AND ${where}`,
];

export class KeySpace {
  readonly rests = new Rests();
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  /** By key. `revision` null = as it is now. A negative limit is none. */
  range(interval: Interval, revision: bigint | null, limit: bigint, keysOnly: boolean): KeyValue[] {
    const columns = keysOnly ? WITHOUT_VALUE : ALL;
    const tables = tablesOf(interval, revision);
    const sql = `${tables.map((table) => `SELECT ${columns} FROM ${table}`).join(" UNION ALL ")} ORDER BY key LIMIT ?1`;
    return this.#sql.all<Row>(sql, ...parameters(interval, revision ?? 0n, limit)).map(keyValueOf);
  }

  count(interval: Interval, revision: bigint | null): bigint {
    const sums = tablesOf(interval, revision).map((table) => `(SELECT count(*) FROM ${table})`);
    return this.#sql.get<{ n: bigint }>(`SELECT ${sums.join(" + ")} AS n, ?1`, ...parameters(interval, revision ?? 0n, 0n))?.n ?? 0n;
  }

  get(key: Uint8Array): KeyValue | undefined {
    return this.range({ kind: "one", from: key }, null, 1n, false)[0];
  }

  /** Makes `kv`, the `place`-th change of its revision, what its key is; `old` is what it was. */
  put(kv: KeyValue, place: number, old: KeyValue | undefined): void {
    if (old) this.#end(old, kv.modRevision);
    this.#insert(kv, place, null);
  }

  delete(old: KeyValue, revision: bigint, place: number): void {
    this.#end(old, revision);
    this.#insert({ ...deletedKey(old.key, revision) }, place, revision);
  }

  keysOf(lease: bigint): KeyValue[] {
    const sql = `SELECT ${ALL} FROM kv INDEXED BY leased WHERE ended IS NULL AND lease = ? AND lease <> 0 ORDER BY key`;
    return this.#sql.all<Row>(sql, lease).map(keyValueOf);
  }

  /** Changes from a revision on: whole revisions, until there are `eventsMax` or `bytesMax` of them; one revision at least. */
  history(interval: Interval, from: bigint, last: bigint, prevKv: boolean, eventsMax: number, bytesMax: number): HistoryPage {
    const events: Event[] = [];
    let bytes = 0;
    const sql = `SELECT ${ALL} FROM kv NOT INDEXED WHERE id >= ?1 AND ${WHERE[interval.kind]} ORDER BY id`;
    for (const row of this.#sql.iterate<Row>(sql, from << PLACE_BITS, null, null, ...ends(interval))) {
      const kv = keyValueOf(row);
      const full = events.length >= eventsMax || bytes >= bytesMax;
      if (full && events.at(-1)?.kv?.modRevision !== kv.modRevision) return { events, next: kv.modRevision };
      const before = prevKv ? this.#before(kv) : undefined;
      bytes += kv.key.length + kv.value.length + (before?.value.length ?? 0);
      events.push(kv.version === 0n ? deleteEvent(kv.key, kv.modRevision, before) : putEvent(kv, before));
    }
    return { events, next: last + 1n };
  }

  /** Forgets what ended by `revision`. Changes made in it are kept, so that a watch may still begin there. */
  compact(revision: bigint): void {
    this.#sql.run("DELETE FROM kv WHERE ended <= ? AND id < ?", revision, revision << PLACE_BITS);
  }

  #end(old: KeyValue, revision: bigint): void {
    this.#sql.run("UPDATE kv INDEXED BY live SET ended = ? WHERE ended IS NULL AND key = ?", revision, old.key);
  }

  #insert(kv: KeyValue, place: number, ended: bigint | null): void {
    const { key, createRevision, version, lease, value } = kv;
    const id = (kv.modRevision << PLACE_BITS) + BigInt(place);
    const sql = "INSERT INTO kv (id, key, created, version, lease, ended, value) VALUES (?, ?, ?, ?, ?, ?, ?)";
    this.#sql.run(sql, id, key, createRevision, version, lease, ended, value);
  }

  #before({ key, modRevision }: KeyValue): KeyValue | undefined {
    const row = this.#sql.get<Row>(`SELECT ${ALL} FROM kv INDEXED BY past WHERE ended = ? AND key = ? AND version > 0`, modRevision, key);
    return row && keyValueOf(row);
  }
}

export function putEvent(kv: KeyValue, prevKv: KeyValue | undefined): Event {
  return { $typeName: "mvccpb.Event", type: PUT, kv, prevKv };
}

export function deleteEvent(key: Uint8Array, revision: bigint, prevKv: KeyValue | undefined): Event {
  return { $typeName: "mvccpb.Event", type: DELETE, kv: deletedKey(key, revision), prevKv };
}

function deletedKey(key: Uint8Array, modRevision: bigint): KeyValue {
  return { $typeName: "mvccpb.KeyValue", key, createRevision: 0n, modRevision, version: 0n, lease: 0n, value: NO_BYTES };
}

function keyValueOf({ id, key, created, version, lease, value }: Row): KeyValue {
  return { $typeName: "mvccpb.KeyValue", key, createRevision: created, modRevision: id >> PLACE_BITS, version, lease, value };
}

function tablesOf(interval: Interval, revision: bigint | null): string[] {
  const where = WHERE[interval.kind];
  return revision === null ? [nowIn(where)] : thenIn(where);
}

function ends(interval: Interval): Uint8Array[] {
  return interval.kind === "upto" ? [interval.from, interval.to] : [interval.from];
}

function parameters(interval: Interval, revision: bigint, limit: bigint) {
  return [limit, revision, (revision + 1n) << PLACE_BITS, ...ends(interval)];
}
