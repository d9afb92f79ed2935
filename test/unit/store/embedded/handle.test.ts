// Each method's own answer.

import { expect, test } from "vitest";
import { ask, bytes, engineOf, put } from "./asking.ts";

test("every answer has the store's identity and revision", () => {
  const { engine } = engineOf();
  put(engine, "a");
  const header = { ...engine.identity, revision: 2n };
  expect(ask(engine, "range", { key: bytes("a") }).header).toMatchObject(header);
  expect(ask(engine, "leaseGrant", { ID: 1n, TTL: 5n }).header).toMatchObject(header);
  expect(ask(engine, "leaseKeepAlive", { ID: 1n })).toMatchObject({ header, ID: 1n, TTL: 5n });
  expect(ask(engine, "leaseKeepAlive", { ID: 2n })).toMatchObject({ header, ID: 2n, TTL: 0n });
  expect(ask(engine, "leaseTimeToLive", { ID: 1n })).toMatchObject({ header, TTL: 5n, grantedTTL: 5n, keys: [] });
  expect(ask(engine, "leaseTimeToLive", { ID: 2n })).toMatchObject({ header, TTL: -1n, grantedTTL: 0n });
  expect(ask(engine, "leaseLeases", {})).toMatchObject({ header, leases: [{ ID: 1n }] });
  expect(ask(engine, "leaseRevoke", { ID: 1n }).header).toMatchObject(header);
  expect(ask(engine, "compact", { revision: 2n }).header).toMatchObject(header);
  const { leader, raftIndex, dbSize, dbSizeInUse, errors } = ask(engine, "status", {});
  expect([leader, raftIndex, errors]).toEqual([engine.identity.memberId, 2n, []]);
  expect(dbSizeInUse).toBeLessThanOrEqual(dbSize);
});

test("a request of 1.5 MiB is taken, a larger one is not", () => {
  const { engine } = engineOf();
  const largest = 1.5 * 1024 ** 2 - 1;
  const success = [{ request: { case: "requestPut" as const, value: { key: bytes("a"), value: new Uint8Array(largest + 1) } } }];
  expect(ask(engine, "put", { key: bytes("a"), value: new Uint8Array(largest) }).header?.revision).toBe(2n);
  expect(() => ask(engine, "put", { key: bytes("a"), value: new Uint8Array(largest + 1) })).toThrow("requestTooLarge");
  expect(() => ask(engine, "txn", { success })).toThrow("requestTooLarge");
});

test("revisions that there are not are refused", () => {
  const { engine } = engineOf();
  put(engine, "a");
  put(engine, "a");
  expect(() => ask(engine, "compact", { revision: 4n })).toThrow("futureRevision");
  ask(engine, "compact", { revision: 2n });
  expect(() => ask(engine, "compact", { revision: 2n })).toThrow("compacted");
  expect(() => ask(engine, "range", { key: bytes("a"), revision: 1n })).toThrow("compacted");
  expect(() => ask(engine, "range", { key: bytes("a"), revision: 4n })).toThrow("futureRevision");
  expect(ask(engine, "range", { key: bytes("a"), revision: 2n }).kvs.length).toBe(1);
});
