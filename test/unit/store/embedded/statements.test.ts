// Prepared statements: rows, bytes and 64-bit numbers as they were given.

import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Statements } from "../../../../host/store/embedded/statements.ts";

test("rows come back as they were put, by get, all and iterate", () => {
  const database = new DatabaseSync(":memory:", { readBigInts: true });
  const sql = new Statements(database);
  database.exec("CREATE TABLE t (n INTEGER, b BLOB)");
  const rows = [
    { n: 2n ** 63n - 1n, b: new Uint8Array(0) },
    { n: -1n, b: new Uint8Array([0, 255]) },
  ];
  for (const { n, b } of rows) sql.run("INSERT INTO t VALUES (?, ?)", n, b);
  const all = "SELECT n, b FROM t ORDER BY rowid";
  const plain = (list: Iterable<object>) => [...list].map((row) => ({ ...row }));
  expect(plain(sql.all<object>(all))).toEqual(rows);
  expect(plain(sql.iterate<object>(all))).toEqual(rows);
  expect({ ...sql.get<object>(all) }).toEqual(rows[0]);
  expect(sql.get("SELECT 1 WHERE 0")).toBeUndefined();
  database.close();
});
