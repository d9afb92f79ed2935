// The table `meta`: who the store is, its revision, and up to where its history is forgotten. Store's thread, and offline.

import type { DatabaseSync } from "node:sqlite";
import type { ResponseHeader } from "../generated/rpc_pb.js";
import { Statements } from "./statements.ts";

/** As in every answer's header: two stores that are not the same never have the same cluster id. */
export interface Identity {
  clusterId: bigint;
  memberId: bigint;
}

/** There are no elections here. */
const RAFT_TERM = 1n;
/** An empty store's, as etcd has it. */
const FIRST_REVISION = 1n;

export class Meta {
  readonly identity: Identity;
  readonly #sql: Statements;
  #revision: bigint;
  #compacted: bigint;

  constructor(database: DatabaseSync, random: (bytes: number) => Uint8Array) {
    this.#sql = new Statements(database);
    const stored = new Map(
      this.#sql.all<{ name: string; value: bigint }>("SELECT name, value FROM meta").map((row) => [row.name, row.value]),
    );
    this.identity = {
      clusterId: BigInt.asUintN(64, stored.get("cluster") ?? this.#set("cluster", randomId(random))),
      memberId: BigInt.asUintN(64, stored.get("member") ?? this.#set("member", randomId(random))),
    };
    this.#revision = stored.get("revision") ?? this.#set("revision", FIRST_REVISION);
    this.#compacted = stored.get("compacted") ?? this.#set("compacted", 0n);
  }

  /** What was saved last. */
  get revision(): bigint {
    return this.#revision;
  }

  get compacted(): bigint {
    return this.#compacted;
  }

  save(revision: bigint, compacted: bigint): void {
    if (revision !== this.#revision) this.#revision = this.#set("revision", revision);
    if (compacted !== this.#compacted) this.#compacted = this.#set("compacted", compacted);
  }

  /** What was saved last has not been committed: before it, these were. */
  restore(revision: bigint, compacted: bigint): void {
    this.#revision = revision;
    this.#compacted = compacted;
  }

  #set(name: string, value: bigint): bigint {
    this.#sql.run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value);
    return value;
  }
}

export function headerOf({ clusterId, memberId }: Identity, revision: bigint): ResponseHeader {
  return { $typeName: "etcdserverpb.ResponseHeader", clusterId, memberId, revision, raftTerm: RAFT_TERM };
}

/** Another cluster id, by which clients know that what they read before is void. */
export function setClusterId(database: DatabaseSync, clusterId: bigint): void {
  database.prepare("UPDATE meta SET value = ? WHERE name = 'cluster'").run(BigInt.asIntN(64, clusterId));
}

function randomId(random: (bytes: number) => Uint8Array): bigint {
  return Buffer.from(random(8)).readBigInt64BE();
}
