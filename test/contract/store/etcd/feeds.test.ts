// Many who watch the same of a real etcd through one backend, from different revisions and while it changes: each is told each event once, in order, and
// etcd has one watch for all of them in the end.

import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdBackend } from "../../../../host/store/etcd/backend.ts";
import { CompactionRequestSchema, PutRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { Etcd } from "../../../../lab/etcd.ts";
import { eventually } from "../../../../lab/wait.ts";
import fc from "../../../oracle/property.ts";
import { NO_ETCD } from "../etcd-subject.ts";
import { Follower } from "./follower.ts";

const MIB = 1024 ** 2;

describe.skipIf(NO_ETCD)("watchers of one etcd", () => {
  let etcd: Etcd;
  let backend: EtcdBackend;
  /** "revision key" of all that was written. */
  const written: string[] = [];

  beforeAll(async () => {
    etcd = await Etcd.start();
    backend = new EtcdBackend({ endpoints: etcd.endpoints, tls: null });
  }, 60_000);
  afterAll(async () => {
    await backend?.close();
    await etcd?.stop();
  });

  async function put(key: string, bytes = 10): Promise<bigint> {
    const { header } = await backend.put(create(PutRequestSchema, { key: Buffer.from(key), value: new Uint8Array(bytes) }));
    const revision = header?.revision ?? 0n;
    written.push(`${revision} ${key}`);
    return revision;
  }

  const since = (revision: bigint) => written.filter((line) => BigInt(line.split(" ")[0]) >= revision);

  /** Watches that etcd has, as it says itself. */
  async function watchesOfEtcd(): Promise<number> {
    const text = await (await fetch(`http://${etcd.endpoints[0]}/metrics`)).text();
    return Number(/^etcd_debugging_mvcc_watcher_total (\d+)/m.exec(text)?.[1]);
  }

  const plan = fc.array(
    fc.record({
      /** In writes: when it comes, how far back it begins, and after how many responses it pauses. */
      at: fc.nat(80),
      back: fc.nat(60),
      pauses: fc.array(fc.nat(4), { maxLength: 6 }),
      leavesAfter: fc.option(fc.nat(40)),
    }),
    { minLength: 3, maxLength: 16 },
  );

  test("who joins at an old revision while events are written is told each once, in order", async () => {
    const first = await put("begin");
    await fc.assert(
      fc.asyncProperty(plan, async (joins) => {
        const followers: { follower: Follower; from: bigint; leavesAt: number }[] = [];
        const revisions = [first];
        try {
          for (let write = 0; write <= 80; write++) {
            revisions.push(await put(`k${write % 7}`));
            for (const { at, back, pauses, leavesAfter } of joins.filter((join) => join.at === write)) {
              const from = revisions[Math.max(0, revisions.length - 1 - back)];
              const follower = new Follower(backend, from);
              const left = [...pauses];
              follower.pause = () => delay(left.shift() ?? 0);
              followers.push({ follower, from, leavesAt: leavesAfter === null ? Number.POSITIVE_INFINITY : at + leavesAfter });
            }
            for (const { follower, leavesAt } of followers) if (leavesAt === write) await follower.stop();
          }
          const staying = followers.filter(({ leavesAt }) => leavesAt > 80);
          for (const { follower, from } of followers) {
            const expected = since(from);
            if (staying.some((one) => one.follower === follower))
              await eventually("all events", () => follower.told.length >= expected.length);
            expect(follower.told).toEqual(expected.slice(0, follower.told.length));
          }
          await eventually("one watch at most", async () => (await watchesOfEtcd()) <= 1);
        } finally {
          await Promise.all(followers.map(({ follower }) => follower.stop()));
        }
        await eventually("no watch", async () => (await watchesOfEtcd()) === 0);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  }, 90_000);

  test("a thousand watchers are one watch of etcd", async () => {
    const from = await put("a");
    const followers = Array.from({ length: 1_000 }, () => new Follower(backend, from));
    try {
      await eventually("all", () => followers.every(({ told }) => told.length === 1), 20_000);
      await put("b");
      await eventually("the second event", () => followers.every(({ told }) => told.length === 2), 20_000);
      expect(await watchesOfEtcd()).toBe(1);
      // All of them have the very same response: it is encoded once.
      expect(new Set(followers.map(({ responses }) => responses.at(-1))).size).toBe(1);
    } finally {
      await Promise.all(followers.map((follower) => follower.stop()));
    }
  }, 60_000);

  test("one that takes nothing holds nobody up, and is told everything once it takes again", async () => {
    const from = await put("a");
    const slow = new Follower(backend, from);
    const quick = new Follower(backend, from);
    const gate = Promise.withResolvers<void>();
    try {
      await eventually("both", () => slow.told.length === 1 && quick.told.length === 1);
      slow.pause = () => gate.promise;
      // More than is queued for it.
      for (let n = 0; n < 20; n++) await put(`large${n % 4}`, MIB);
      await eventually("the quick one", () => quick.told.length === 21, 20_000);
      expect(slow.told.length).toBeLessThan(4);
      gate.resolve();
      await eventually("the slow one", () => slow.told.length === 21, 20_000);
      await put("end");
      await eventually("both at the end", () => slow.told.length === 22 && quick.told.length === 22);
      expect([slow.told, quick.told]).toEqual([since(from), since(from)]);
      await eventually("one watch", async () => (await watchesOfEtcd()) === 1);
    } finally {
      gate.resolve();
      await Promise.all([slow.stop(), quick.stop()]);
    }
  }, 60_000);

  test("who begins before a compaction is cancelled with where that was; the others are not", async () => {
    const from = await put("a");
    const revision = await put("b");
    const other = new Follower(backend, from);
    await eventually("both events", () => other.told.length === 2);
    await backend.compact(create(CompactionRequestSchema, { revision, physical: true }));
    const late = new Follower(backend, from - 1n);
    try {
      await eventually("the end", () => late.responses.find(({ canceled, compactRevision }) => canceled && compactRevision === revision));
      expect(late.told).toEqual([]);
      await put("c");
      await eventually("its event", () => other.told.length === 3);
    } finally {
      await Promise.all([late.stop(), other.stop()]);
    }
  });

  test("who begins now is told what comes after, though others have yet to hear what was before", async () => {
    const from = await put("a");
    const past = new Follower(backend, from);
    await eventually("the first", () => past.isMade);
    await put("b");
    const now = new Follower(backend);
    try {
      await eventually("the watch", () => now.isMade);
      const next = await put("c");
      expect(now.responses[0].header?.revision).toBe(next - 1n);
      await eventually("the event", () => now.told.length > 0);
      expect(now.told).toEqual([`${next} c`]);
    } finally {
      await Promise.all([past.stop(), now.stop()]);
    }
  });
});
