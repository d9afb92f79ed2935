// What is queued for one watcher, and what becomes of it when nobody takes it.

import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, test } from "vitest";
import { WatchCreateRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { Batch } from "../../../../host/store/watch/batch.ts";
import { Watcher } from "../../../../host/store/watch/watcher.ts";
import { event, header } from "./events.ts";

const MIB = 1024 ** 2;
let done: string[];
let watcher: Watcher;
beforeEach(() => {
  done = [];
  watcher = new Watcher(7n, 3n, create(WatchCreateRequestSchema, { key: Buffer.from("a"), fragment: true }), {
    wake: () => done.push("wake"),
    leave: (who) => done.push(`leave ${who.id}`),
    cancel: (id) => done.push(`cancel ${id}`),
    end: (error) => done.push(`end ${error}`),
  });
  watcher.live = true;
});

const batch = (from: number, to: number, count = to - from + 1, bytes = 1) => {
  const events = Array.from({ length: count }, (_, n) => event(from + Math.floor((n * (to - from + 1)) / count), { bytes }));
  return new Batch(events, header(BigInt(to)));
};

test("what it knows already is left out, the rest queued until it is taken; then it is idle", () => {
  let idle = 0;
  watcher.onIdle = () => idle++;
  watcher.tell(batch(1, 2));
  expect([done, watcher.isIdle, watcher.next]).toEqual([[], true, 3n]);
  watcher.tell(batch(2, 4));
  watcher.tell(batch(5, 5));
  expect([done, watcher.isIdle, watcher.next]).toEqual([["wake", "wake"], false, 6n]);
  expect([watcher.take()?.first, idle, watcher.take()?.first, idle, watcher.take()]).toEqual([3n, 0, 5n, 1, undefined]);
});

test.each([
  ["events", () => batch(5, 9_000), () => batch(9_001, 18_000)],
  ["bytes", () => batch(5, 5, 1, 10 * MIB), () => batch(6, 6, 1, 10 * MIB)],
])("too many %s that nobody takes: it leaves, behind the last one taken", (_, first, second) => {
  watcher.tell(batch(3, 4));
  watcher.take();
  watcher.tell(first());
  expect(watcher.live).toBe(true);
  watcher.tell(second());
  expect([watcher.live, watcher.isIdle, watcher.next]).toEqual([false, true, 5n]);
  expect(done).toContain("leave 7");
  // What it was told is forgotten, and counts no more.
  watcher.live = true;
  watcher.tell(first());
  expect([watcher.live, watcher.isIdle]).toEqual([true, false]);
});

test("one batch may be larger than all that is queued", () => {
  watcher.tell(batch(3, 3, 1, 20 * MIB));
  expect([watcher.live, watcher.take()?.first]).toEqual([true, 3n]);
});

test("its stream is told that it is cancelled, or that all of it ends", () => {
  watcher.cancel({ cancelReason: "compacted" });
  watcher.fail("lost");
  expect(done).toEqual(["cancel 7", "end lost"]);
});
