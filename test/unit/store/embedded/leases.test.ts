// Leases by a clock that the test has, and over a restart of the store.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "../../../../host/store/embedded/database.ts";
import { LEASE_GRACE_MS, Leases } from "../../../../host/store/embedded/leases.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-leases-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = { ms: 0 };
function open(random = (count: number) => new Uint8Array(count).fill(9)) {
  clock.ms = 0;
  const database = openDatabase(join(folder, "store.db"));
  return { leases: new Leases(database, () => clock.ms, random), close: () => database.close() };
}

test("times are kept between etcd's bounds, ids are not given twice", () => {
  let next = 0;
  const { leases, close } = open((count) => new Uint8Array(count).fill(Math.floor(next++ / 2)));
  expect(leases.grant(5n, 60n)).toEqual({ id: 5n, ttl: 60n });
  expect(leases.grant(6n, 0n).ttl).toBe(2n);
  expect(leases.grant(8n, 9_000_000_000n).ttl).toBe(9_000_000_000n);
  expect(() => leases.grant(9n, 9_000_000_001n)).toThrow("leaseTtlTooLarge");
  expect(() => leases.grant(5n, 60n)).toThrow("leaseExists");
  const ids = [leases.grant(0n, 5n).id, leases.grant(0n, 5n).id];
  expect(new Set(ids).size).toBe(2);
  expect(ids.every((id) => id > 0n)).toBe(true);
  expect(leases.ids().length).toBe(5);
  close();
});

test("they end in order unless they are kept; a stopped store's time does not count", () => {
  const { leases, close } = open();
  leases.grant(1n, 4n);
  leases.grant(2n, 3n);
  leases.grant(3n, 3n);
  clock.ms = 2_500;
  expect([leases.keep(3n), leases.keep(4n)]).toEqual([3n, 0n]);
  expect(leases.left(1n)).toEqual({ seconds: 1n, granted: 4n });
  expect(leases.ended()).toEqual([]);
  clock.ms = 4_000;
  expect(leases.ended()).toEqual([2n, 1n]);
  leases.extend(1_000);
  expect(leases.ended()).toEqual([2n]);
  leases.remove(2n);
  expect([leases.ended(), leases.left(2n), leases.has(2n)]).toEqual([[], undefined, false]);
  expect(() => leases.remove(2n)).toThrow("leaseNotFound");
  close();
});

test("what was not committed is taken back, up to a mark or all of it", () => {
  const { leases, close } = open();
  leases.grant(1n, 10n);
  leases.settle();
  leases.remove(1n);
  const mark = leases.mark();
  leases.grant(2n, 10n);
  leases.rollBack(mark);
  expect([leases.has(1n), leases.has(2n)]).toEqual([false, false]);
  leases.rollBack(0);
  expect(leases.left(1n)).toEqual({ seconds: 10n, granted: 10n });
  close();
});

test("a store that starts gives every lease its whole time, and the grace", () => {
  const before = open();
  before.leases.grant(1n, 4n);
  clock.ms = 3_999;
  before.close();
  const { leases, close } = open();
  clock.ms = 4_000 + LEASE_GRACE_MS - 1;
  expect(leases.ended()).toEqual([]);
  clock.ms++;
  expect(leases.ended()).toEqual([1n]);
  close();
});
