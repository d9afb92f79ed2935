// Events that are one response for many, in pieces that are no larger than they may be and never cut a revision in two.

import { expect, test } from "vitest";
import { Batch, batchesOf, responseOf, revisionOf } from "../../../../host/store/watch/batch.ts";
import { event, header } from "./events.ts";

const MIB = 1024 ** 2;
const revisions = ({ events }: { events: readonly Parameters<typeof revisionOf>[0][] }) => events.map((one) => Number(revisionOf(one)));

test("all watchers with the same id have the same response, others one of their own", () => {
  const batch = new Batch([event(3), event(4)], header(9n));
  const [response] = batch.responses(0n, false);
  expect(response).toEqual(responseOf(header(9n), 0n, { events: [event(3), event(4)] }));
  expect(batch.responses(0n, false)[0]).toBe(response);
  expect(batch.responses(5n, false)[0]).toEqual({ ...response, watchId: 5n });
  expect([batch.first, batch.revision]).toEqual([3n, 9n]);
});

test("a watcher that knows a part of it is told the rest, one that knows all nothing", () => {
  const batch = new Batch([event(3), event(4), event(4)], header(9n));
  expect(batch.from(3n)).toBe(batch);
  expect(revisions(batch.from(4n) ?? { events: [] })).toEqual([4, 4]);
  expect(batch.from(4n)?.revision).toBe(9n);
  expect(batch.from(5n)).toBeNull();
});

test("many events are several batches, cut between revisions; each says what it ends at", () => {
  const events = [1, 1, 2, 2, 2, 3].map((revision) => event(revision, { bytes: MIB / 2 }));
  const batches = batchesOf(events, 8n, header);
  expect(batches.map(revisions)).toEqual([[1, 1], [2, 2, 2], [3]]);
  expect(batches.map(({ revision }) => revision)).toEqual([1n, 2n, 8n]);
  const many = Array.from({ length: 2_500 }, (_, n) => event(n + 1));
  expect(batchesOf(many, 2_500n, header).map(({ events }) => events.length)).toEqual([1_000, 1_000, 500]);
  expect(batchesOf([], 8n, header)).toEqual([]);
});

test("a large one is sent in fragments to those who put them together", () => {
  const batch = new Batch(
    Array.from({ length: 5 }, () => event(1, { bytes: MIB })),
    header(1n),
  );
  expect(batch.responses(0n, true).map(({ events, fragment }) => [events.length, fragment])).toEqual([
    [1, true],
    [1, true],
    [1, true],
    [1, true],
    [1, false],
  ]);
  expect(batch.responses(0n, false).map(({ events, fragment }) => [events.length, fragment])).toEqual([[5, false]]);
});
