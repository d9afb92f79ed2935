// The store's file: what is opened, and what is refused in one line that names it.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OperationError } from "../../../../host/model/errors.ts";
import { fileBytes, openDatabase, pragma, resultCodeOf } from "../../../../host/store/embedded/database.ts";
import { Daemon } from "../../../../lab/daemon.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-database-"));
  file = join(folder, "store.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function refusal(): string {
  try {
    openDatabase(file).close();
  } catch (error) {
    expect(error).toBeInstanceOf(OperationError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }
  return "";
}

test("a new file is its owner's alone, and durable", () => {
  const database = openDatabase(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const one = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  expect([one("journal_mode"), one("synchronous"), one("locking_mode")]).toEqual(["wal", 2n, "exclusive"]);
  expect(pragma(database, "page_count")).toBeGreaterThan(0n);
  const { total, used } = fileBytes(database);
  expect(used).toBeLessThanOrEqual(total);
  database.close();
  expect(refusal()).toBe("");
});

describe("refused", () => {
  test("what is no database", () => {
    writeFileSync(file, "hello, world\n".repeat(1000));
    expect(refusal()).toBe(`store ${file}: not a weft store, nor any database`);
    expect(readFileSync(file, "utf8")).toMatch(/^hello/);
  });

  test("another program's database, which is left as it was", () => {
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE t (n INTEGER)");
    other.close();
    const before = readFileSync(file);
    expect(refusal()).toBe(`store ${file}: not a weft store, but another program's database`);
    expect(readFileSync(file)).toEqual(before);
  });

  test("another release's format", () => {
    const database = openDatabase(file);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(refusal()).toMatch(/written by another release of weft \(format 99, this release reads \d+\)/);
  });

  test("a damaged file", () => {
    const database = openDatabase(file);
    const insert = database.prepare("INSERT INTO kv (id, key, created, version, lease, ended, value) VALUES (?, ?, 1, 1, 0, NULL, x'00')");
    for (let n = 0; n < 1000; n++) insert.run(n, Buffer.from(`key ${n}`));
    database.close();
    const content = readFileSync(file);
    content.fill(0xa5, 8192, content.length - 4096);
    writeFileSync(file, content);
    expect(refusal()).toMatch(/: damaged \(.*\): restore a backup/);
  });

  test("a folder that is not there", () => {
    file = join(folder, "none", "store.db");
    expect(refusal()).toBe(`store ${file}: no such file or directory`);
    expect(() => openDatabase(join(folder, "absent.db"), { mustExist: true })).toThrow("absent.db: no such file or directory");
  });

  test("a store that another process has, which is named", async () => {
    const program = `
      const { openDatabase } = await import(${JSON.stringify(new URL("../../../../host/store/embedded/database.ts", import.meta.url).href)});
      openDatabase(process.argv[1]);
      console.log("open");
      setInterval(() => {}, 1000);`;
    const holder = new Daemon([process.execPath, "--input-type=module", "-e", program, file]);
    try {
      await holder.waitFor(/^open$/m);
      expect(refusal()).toMatch(new RegExp(`^store ${file}: in use by process ${holder.pid} \\(.*node.*\\): a store has one manager$`));
    } finally {
      await holder.kill();
    }
    expect(refusal()).toBe("");
  });
});

test("SQLite's codes are told from other errors", () => {
  expect(resultCodeOf({ errcode: 5 | (1 << 8) })).toBe(5);
  expect(resultCodeOf(new Error("x"))).toBeUndefined();
});
