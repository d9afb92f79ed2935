// Identity and revision of a store.

import { expect, test } from "vitest";
import { openDatabase } from "../../../../host/store/embedded/database.ts";
import { headerOf, Meta, setClusterId } from "../../../../host/store/embedded/meta.ts";

const random = (count: number) => new Uint8Array(count).fill(0xfe);

test("identity is made once, and is of 64 bits", () => {
  const database = openDatabase(":memory:");
  const { identity, revision, compacted } = new Meta(database, random);
  expect([identity, revision, compacted]).toEqual([{ clusterId: 0xfefefefefefefefen, memberId: 0xfefefefefefefefen }, 1n, 0n]);
  const again = new Meta(database, () => new Uint8Array(8));
  expect(again.identity).toEqual(identity);
  setClusterId(database, 2n ** 64n - 1n);
  expect(new Meta(database, random).identity.clusterId).toBe(2n ** 64n - 1n);
  expect(headerOf(identity, 7n)).toMatchObject({ ...identity, revision: 7n });
  database.close();
});

test("what is saved is there later; what was rolled back is saved again", () => {
  const database = openDatabase(":memory:");
  const meta = new Meta(database, random);
  meta.save(5n, 2n);
  database.exec("BEGIN");
  meta.save(6n, 3n);
  database.exec("ROLLBACK");
  meta.restore(5n, 2n);
  meta.save(6n, 2n);
  const { revision, compacted } = new Meta(database, random);
  expect([revision, compacted]).toEqual([6n, 2n]);
  database.close();
});
