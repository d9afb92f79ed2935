// Contract: keys, revisions, ranges.

import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { Backend } from "../../../../host/store/backend.ts";
import type { ClusterClient } from "../../../../host/store/client/store.ts";
import {
  CompactionRequestSchema,
  DeleteRangeRequestSchema,
  RangeRequest_SortOrder as Order,
  PutRequestSchema,
  RangeRequestSchema,
  RangeRequest_SortTarget as Target,
} from "../../../../host/store/generated/rpc_pb.js";
import { inParallel, type World } from "./world.ts";

const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array) => Buffer.from(value).toString();
const put = (backend: Backend, key: string, value: string, options: { lease?: bigint; prevKv?: boolean; ignoreValue?: boolean } = {}) =>
  backend.put(create(PutRequestSchema, { key: bytes(key), value: bytes(value), ...options }));
const keysOf = (kvs: { key: Uint8Array }[], prefix: string) => kvs.map(({ key }) => text(key).slice(prefix.length));

/** Commits of as many puts as one may have, some at a time. */
export async function fill(store: ClusterClient, keys: readonly string[], value: string): Promise<void> {
  const batches = Array.from({ length: Math.ceil(keys.length / 128) }, (_, n) => keys.slice(n * 128, n * 128 + 128));
  await inParallel(8, batches, async (batch) => {
    await store.commit(
      [],
      batch.map((key) => ({ put: key, value })),
    );
  });
}

export function keyTests(world: World): void {
  test("a key counts its changes, and begins anew when it was deleted", async () => {
    const { store, prefix } = world.here();
    const key = `${prefix}k`;
    expect(await store.get(key)).toBeNull();
    const first = await store.commit([], [{ put: key, value: "1" }]);
    const second = await store.commit([], [{ put: key, value: "2" }]);
    expect(second.revision).toBeGreaterThan(first.revision);
    const entry = { key, value: "2", createRevision: first.revision, modRevision: second.revision, version: 2, lease: "0" };
    expect(await store.get(key)).toEqual(entry);
    await store.commit([], [{ delete: key }]);
    expect(await store.get(key)).toBeNull();
    const { revision } = await store.commit([], [{ put: key, value: "3" }]);
    expect(await store.get(key)).toEqual({ ...entry, value: "3", createRevision: revision, modRevision: revision, version: 1 });
  });

  test("deleting what is not there makes no revision", async () => {
    const { store, prefix } = world.here();
    const before = await store.commit([], [{ put: `${prefix}a`, value: "" }]);
    const after = await store.commit([], [{ delete: `${prefix}b` }, { deletePrefix: `${prefix}c/` }]);
    expect(after).toEqual({ succeeded: true, revision: before.revision });
  });

  test("a list has the prefix's keys in the order of their bytes, and no others", async () => {
    const { store, prefix } = world.here();
    const inside = ["p/", "p/a", "p/a/b", "p/b", "p/ä", "p/\u{10ffff}", "p/\uffff"];
    for (const key of [...inside, "o", "p", "p0", "q"]) await store.commit([], [{ put: prefix + key, value: key }]);
    const { entries, revision } = await store.list(`${prefix}p/`);
    const expected = inside.map((key) => prefix + key).sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    expect(entries.map(({ key }) => key)).toEqual(expected);
    expect(entries.every(({ key, value }) => key === prefix + value)).toBe(true);
    expect(revision).toBeGreaterThanOrEqual(Math.max(...entries.map(({ modRevision }) => modRevision)));
    const bare = await store.list(`${prefix}p/`, { keysOnly: true });
    expect(bare.entries).toEqual(entries.map((entry) => ({ ...entry, value: "" })));
    expect((await store.list(`${prefix}none/`)).entries).toEqual([]);
  });

  test("deletePrefix takes all under it, at one revision", async () => {
    const { store, prefix } = world.here();
    await fill(
      store,
      ["d/1", "d/2", "d/2/x", "e"].map((key) => prefix + key),
      "v",
    );
    await store.commit([], [{ deletePrefix: `${prefix}d/` }]);
    expect((await store.list(prefix)).entries.map(({ key }) => key)).toEqual([`${prefix}e`]);
  });

  test("30,000 keys are listed as they were at one revision, while they change", async () => {
    const { store, prefix } = world.here();
    const keys = Array.from({ length: 30_000 }, (_, n) => `${prefix}k${String(n).padStart(5, "0")}`);
    await fill(store, keys, "x".repeat(200));
    // The first and the last key always have the same value: a list that mixed revisions would show two.
    const set = (value: string) =>
      store.commit(
        [],
        [keys[0], keys[29_999]].map((key) => ({ put: key, value })),
      );
    await set("0");
    let done = false;
    let changes = 0;
    const changing = (async () => {
      for (let n = 1; !done; n++, changes++) await set(String(n));
    })();
    try {
      const { entries, revision } = await store.list(prefix);
      expect(entries.map(({ key }) => key)).toEqual(keys);
      expect(entries[29_999].value).toBe(entries[0].value);
      expect(entries[29_999].modRevision).toBeLessThanOrEqual(revision);
    } finally {
      done = true;
      await changing;
    }
    expect(changes, "changes while it was listed").toBeGreaterThan(1);
    await store.commit([], [{ deletePrefix: prefix }]);
  }, 60_000);

  test("ranges: limit, count, order, revisions' bounds, keys only", async () => {
    const { backend, prefix } = world.here();
    for (const [key, value] of [
      ["a", "3"],
      ["b", "1"],
      ["c", "2"],
    ])
      await put(backend, prefix + key, value);
    await put(backend, `${prefix}a`, "3");
    const range = (options: object) =>
      backend.range(create(RangeRequestSchema, { key: bytes(prefix), rangeEnd: bytes(`${prefix}~`), ...options }));
    const all = await range({});
    expect([keysOf(all.kvs, prefix), all.more, all.count]).toEqual([["a", "b", "c"], false, 3n]);
    const limited = await range({ limit: 2n });
    expect([keysOf(limited.kvs, prefix), limited.more, limited.count]).toEqual([["a", "b"], true, 3n]);
    const counted = await range({ countOnly: true });
    expect([counted.kvs, counted.count]).toEqual([[], 3n]);
    const order = async (sortTarget: Target, sortOrder: Order) => keysOf((await range({ sortTarget, sortOrder })).kvs, prefix).join("");
    expect(await order(Target.KEY, Order.DESCEND)).toBe("cba");
    expect(await order(Target.VALUE, Order.ASCEND)).toBe("bca");
    expect(await order(Target.MOD, Order.ASCEND)).toBe("bca");
    expect(await order(Target.CREATE, Order.DESCEND)).toBe("cba");
    expect(await order(Target.VERSION, Order.DESCEND)).toMatch(/^a/);
    const [a, b, c] = all.kvs;
    expect(keysOf((await range({ minModRevision: c.modRevision })).kvs, prefix)).toEqual(["a", "c"]);
    expect(keysOf((await range({ maxModRevision: b.modRevision })).kvs, prefix)).toEqual(["b"]);
    expect(keysOf((await range({ maxCreateRevision: a.createRevision })).kvs, prefix)).toEqual(["a"]);
    expect((await range({ keysOnly: true })).kvs.every(({ value }) => value.length === 0)).toBe(true);
    const one = await backend.range(create(RangeRequestSchema, { key: bytes(`${prefix}b`) }));
    expect([keysOf(one.kvs, prefix), one.count]).toEqual([["b"], 1n]);
    const rest = await backend.range(create(RangeRequestSchema, { key: bytes(`${prefix}b`), rangeEnd: Buffer.from([0]), limit: 2n }));
    expect(keysOf(rest.kvs, prefix)).toEqual(["b", "c"]);
  });

  test("the past can be read until it is compacted; the future cannot", async () => {
    const { backend, prefix } = world.here();
    const key = bytes(`${prefix}k`);
    const then = (await put(backend, `${prefix}k`, "old")).header?.revision ?? 0n;
    const now = (await put(backend, `${prefix}k`, "new")).header?.revision ?? 0n;
    const at = async (revision: bigint) => text((await backend.range(create(RangeRequestSchema, { key, revision }))).kvs[0].value);
    expect([await at(then), await at(now), await at(0n)]).toEqual(["old", "new", "new"]);
    await expect(at(now + 1_000_000n)).rejects.toMatchObject({
      code: status.OUT_OF_RANGE,
      message: expect.stringMatching(/future revision/),
    });
    await backend.compact(create(CompactionRequestSchema, { revision: now, physical: true }));
    expect(await at(now)).toBe("new");
    await expect(at(then)).rejects.toMatchObject({ code: status.OUT_OF_RANGE, message: expect.stringMatching(/has been compacted/) });
    const again = backend.compact(create(CompactionRequestSchema, { revision: then }));
    await expect(again).rejects.toMatchObject({ code: status.OUT_OF_RANGE, message: expect.stringMatching(/has been compacted/) });
    const ahead = backend.compact(create(CompactionRequestSchema, { revision: now + 1_000_000n }));
    await expect(ahead).rejects.toMatchObject({ code: status.OUT_OF_RANGE, message: expect.stringMatching(/future revision/) });
  });

  test("put and delete answer what was there before, when asked", async () => {
    const { backend, prefix } = world.here();
    const key = `${prefix}k`;
    expect((await put(backend, key, "1", { prevKv: true })).prevKv).toBeUndefined();
    const before = (await put(backend, key, "2", { prevKv: true })).prevKv;
    expect([text(before?.value ?? bytes("")), before?.version]).toEqual(["1", 1n]);
    await put(backend, key, "", { ignoreValue: true });
    const gone = await backend.deleteRange(create(DeleteRangeRequestSchema, { key: bytes(key), prevKv: true }));
    expect([gone.deleted, text(gone.prevKvs[0].value), gone.prevKvs[0].version]).toEqual([1n, "2", 3n]);
    expect((await backend.deleteRange(create(DeleteRangeRequestSchema, { key: bytes(key) }))).deleted).toBe(0n);
    const invalid = { code: status.INVALID_ARGUMENT };
    await expect(put(backend, key, "", { ignoreValue: true })).rejects.toMatchObject({ ...invalid, message: "etcdserver: key not found" });
    await expect(put(backend, "", "v")).rejects.toMatchObject({ ...invalid, message: "etcdserver: key is not provided" });
    await expect(put(backend, key, "v", { ignoreValue: true })).rejects.toMatchObject({
      ...invalid,
      message: "etcdserver: value is provided",
    });
  });

  test("keys and values are any bytes", async () => {
    const { backend, prefix } = world.here();
    const key = Buffer.concat([bytes(prefix), Buffer.from([0, 255, 128])]);
    const value = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    await backend.put(create(PutRequestSchema, { key, value }));
    const { kvs } = await backend.range(create(RangeRequestSchema, { key: bytes(prefix), rangeEnd: bytes(`${prefix}~`) }));
    expect(kvs.length).toBe(1);
    expect([Buffer.from(kvs[0].key), Buffer.from(kvs[0].value)]).toEqual([key, value]);
  });
}
