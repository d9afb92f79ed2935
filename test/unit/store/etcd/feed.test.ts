// One watch that is told to many: whole revisions, at the pace of the fastest, and how it ends. (A real etcd's: test/contract/store/etcd.)

import { afterEach, beforeEach, expect, test } from "vitest";
import { Feed } from "../../../../host/store/etcd/feed.ts";
import type { Event } from "../../../../host/store/generated/kv_pb.js";
import type { WatchResponse } from "../../../../host/store/generated/rpc_pb.js";
import { responseOf } from "../../../../host/store/watch/batch.ts";
import type { Listener } from "../../../../host/store/watch/topic.ts";
import { eventually } from "../../../../lab/wait.ts";
import { ALL, Ear, event, header } from "../watch/events.ts";

let feed: Feed;
let ear: Ear;
/** What etcd says. */
let say: WritableStreamDefaultWriter<WatchResponse>;
let asked: { start: bigint; signal: AbortSignal } | undefined;
let positions: bigint[];
let ends: number;
let left: Listener[];

beforeEach(() => {
  const upstream = new TransformStream<WatchResponse, WatchResponse>(undefined, { highWaterMark: 1 }, { highWaterMark: 0 });
  say = upstream.writable.getWriter();
  say.closed.catch(() => {});
  positions = [];
  ends = 0;
  left = [];
  feed = new Feed({
    wanted: ALL,
    start: 5n,
    header,
    open(start, signal) {
      asked = { start, signal };
      return upstream.readable;
    },
    onAdvance: ({ position }) => positions.push(position),
    onEnd: () => ends++,
    onLeft: (listener) => left.push(listener),
  });
  ear = new Ear(5n);
  feed.add(ear);
});

afterEach(() => feed.remove(ear));

const events = (fields: Partial<WatchResponse>, ...all: Event[]) => say.write(responseOf(header(0n), 0n, { events: all, ...fields }));

test("it begins where it is told to, and ends when the last listener leaves", async () => {
  const other = new Ear(9n);
  feed.add(other);
  await events({}, event(6), event(9));
  await eventually("the events", () => ear.revisions.length === 2);
  expect([asked?.start, ear.revisions, other.revisions, positions]).toEqual([5n, [6, 9], [9], [9n]]);
  feed.remove(other);
  expect([asked?.signal.aborted, ends]).toEqual([false, 0]);
  feed.remove(ear);
  expect([asked?.signal.aborted, ends]).toEqual([true, 1]);
});

test("fragments are put together: only whole revisions are told", async () => {
  await events({ fragment: true }, event(6), event(7));
  await eventually("the whole one", () => ear.revisions.length === 1);
  await events({ fragment: true }, event(7));
  expect([ear.revisions, feed.position]).toEqual([[6], 6n]);
  await events({}, event(7));
  await eventually("the other", () => ear.revisions.length === 4);
  expect([ear.revisions, positions]).toEqual([
    [6, 7, 7, 7],
    [6n, 7n],
  ]);
});

test("it reads on only while a listener has taken all", async () => {
  const slow = new Ear(5n);
  slow.isIdle = ear.isIdle = false;
  feed.add(slow);
  const written = [events({}, event(6)), events({}, event(7)), events({}, event(8))];
  await written[0];
  await eventually("the first event", () => ear.revisions.length === 1);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(feed.position).toBe(6n);
  ear.isIdle = true;
  ear.onIdle();
  await Promise.all(written);
  await eventually("all", () => slow.revisions.length === 3);
  expect(feed.position).toBe(8n);
});

test("what etcd says of progress counts for what was told, not for the position", async () => {
  expect(feed.told).toBe(4n);
  await say.write(responseOf(header(20n), -1n, {}));
  await eventually("the progress", () => feed.told === 20n);
  expect(feed.position).toBe(4n);
  // An event that progress has overtaken is told all the same.
  await events({}, event(15));
  await eventually("the event", () => ear.revisions.length === 1);
  expect([feed.position, feed.told]).toEqual([15n, 20n]);
});

test("a watch that etcd cancels is cancelled for all, but for those whom its reason does not concern", async () => {
  const later = new Ear(12n);
  feed.add(later);
  await say.write(responseOf(header(30n), 0n, { canceled: true, compactRevision: 12n, cancelReason: "compacted" }));
  await eventually("the end", () => ear.ended);
  expect([ear.ended, ends]).toEqual([{ compactRevision: 12n, cancelReason: "compacted" }, 1]);
  expect([later.ended, left]).toEqual([undefined, [later]]);
});

test("a watch that is lost is lost for all", async () => {
  const error = new Error("lost");
  await say.abort(error);
  await eventually("the end", () => ear.ended);
  expect([ear.ended, ends]).toEqual([error, 1]);
});
