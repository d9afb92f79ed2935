// The embedded store's file: opening it, which means that it is whole, ours, of a format that we know, and that no other process has it.
//
//   kv      a row for each change of a key. `id` is etcd's (main, sub): the revision, and the change's place in it. `ended` is the revision at
//           which the row was replaced or deleted, null while it is what the key is. A deletion is a row of version 0, ended as it begins.
//   lease   granted leases; how long each has left is known to the running store alone (host/store/embedded/leases.ts).
//   meta    identity, revision, and up to where history is compacted.
//
// WAL with synchronous=FULL: what was committed is on the disk. Store's thread, and offline.

import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf, OperationError } from "../../model/errors.ts";

/** "weft". */
const APPLICATION_ID = 0x77656674;
const FORMAT = 1;
/** How long a manager that starts waits for one that is just ending. */
const LOCK_WAIT_MS = 1000;
/** etcd's own quota. Beyond it nothing may be put; reading, deleting and compacting go on, for which there is room. */
export const FILE_BYTES_MAX = 2 * 1024 ** 3;
const FILE_BYTES_RESERVE = FILE_BYTES_MAX / 8;
const PAGE_BYTES = 4096;
const CACHE_KIB = 32 * 1024;

/** Of the process that has the file. */
const COMMAND_CHARACTERS_MAX = 160;

/** SQLite's result codes, https://sqlite.org/rescode.html. */
const BUSY = 5;
const CORRUPT = 11;
export const FULL = 13;
const NOT_A_DATABASE = 26;

const SCHEMA = `
  CREATE TABLE kv (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    ended INTEGER,
    value BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX live ON kv (key) WHERE ended IS NULL;
  CREATE INDEX past ON kv (ended, key) WHERE ended IS NOT NULL;
  CREATE INDEX leased ON kv (lease) WHERE ended IS NULL AND lease <> 0;
  CREATE TABLE lease (id INTEGER PRIMARY KEY, ttl INTEGER NOT NULL) STRICT;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** SQLite's own result code of what it threw; undefined for anything else. */
export function resultCodeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Opens or makes the file (or ":memory:"). Throws OperationError with the file's name. */
export function openDatabase(file: string, { mustExist = false } = {}): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (mustExist) statSync(file);
    else if (file !== ":memory:") make(file);
    database = new DatabaseSync(file, { readBigInts: true, timeout: LOCK_WAIT_MS });
    prepare(database, file);
    return database;
  } catch (error) {
    database?.close();
    throw explained(error, file);
  }
}

/**
 * Makes the file, if it is not there, its owner's alone: SQLite gives its other files the same mode. One that is there is not even opened: closing
 * it again would end the locks that this process may have on it (fcntl(2)).
 */
function make(file: string): void {
  try {
    closeSync(openSync(file, "ax", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function prepare(database: DatabaseSync, file: string): void {
  // Before anything is read: the lock of the first read is then kept until the file is closed.
  database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = ${PAGE_BYTES};`);
  const id = pragma(database, "application_id");
  const empty = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (!empty && id !== BigInt(APPLICATION_ID)) throw new OperationError(`store ${file}: not a weft store, but another program's database`);
  const format = pragma(database, "user_version");
  if (!empty && format !== BigInt(FORMAT))
    throw new OperationError(`store ${file}: written by another release of weft (format ${format}, this release reads ${FORMAT})`);
  const damage = database.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (damage.quick_check !== "ok") throw damaged(file, damage.quick_check);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA max_page_count = ${(FILE_BYTES_MAX + FILE_BYTES_RESERVE) / PAGE_BYTES};
    PRAGMA journal_size_limit = ${64 * 1024 ** 2};
  `);
  // Takes the write lock even where nothing is to be made: a file that cannot be written is found now.
  database.exec("BEGIN IMMEDIATE");
  if (empty) database.exec(`${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT};`);
  database.exec("UPDATE meta SET value = value WHERE name = 'revision'; COMMIT");
}

/** One number that a PRAGMA tells. */
export function pragma(database: DatabaseSync, name: "application_id" | "user_version" | "page_count" | "freelist_count"): bigint {
  return (database.prepare(`PRAGMA ${name}`).get() as Record<string, bigint>)[name];
}

export function fileBytes(database: DatabaseSync): { total: bigint; used: bigint } {
  const pages = pragma(database, "page_count");
  return { total: pages * BigInt(PAGE_BYTES), used: (pages - pragma(database, "freelist_count")) * BigInt(PAGE_BYTES) };
}

function damaged(file: string, how: string): OperationError {
  return new OperationError(`store ${file}: damaged (${how.replace(/\s*\n\s*/g, "; ")}): restore a backup (weft restore)`);
}

function explained(error: unknown, file: string): Error {
  if (error instanceof OperationError) return error;
  switch (resultCodeOf(error)) {
    case BUSY:
      return new OperationError(`store ${file}: in use by ${holderOf(file)}: a store has one manager`, { cause: error });
    case NOT_A_DATABASE:
      return new OperationError(`store ${file}: not a weft store, nor any database`, { cause: error });
    case CORRUPT:
      return damaged(file, messageOf(error));
    default:
      return new OperationError(`store ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Who holds SQLite's lock on the file, as the kernel tells it. */
function holderOf(file: string): string {
  try {
    const inode = statSync(file).ino;
    const line = readFileSync("/proc/locks", "utf8")
      .split("\n")
      .find((entry) => entry.includes("WRITE") && entry.split(/\s+/)[5]?.endsWith(`:${inode}`));
    const pid = Number(line?.split(/\s+/)[4]);
    if (!(pid > 0)) return "another process";
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .replace(/[\0\s]+/g, " ")
      .trim()
      .slice(0, COMMAND_CHARACTERS_MAX);
    return `process ${pid} (${command})`;
  } catch {
    return "another process";
  }
}
