// Fragments become whole revisions, and only those.

import { expect, test } from "vitest";
import type { WatchEvent } from "../../../../host/model/cluster/store.ts";
import { Gather, revisionOf } from "../../../../host/store/client/gather.ts";
import fc from "../../../oracle/property.ts";

const event = (modRevision: number, key = "k"): WatchEvent => ({ type: "delete", key, modRevision });

test("a response that is whole is handed out at once", () => {
  expect(new Gather(4).add([event(5), event(6)], false)).toEqual({ events: [event(5), event(6)], revision: 6 });
});

test("of a fragment, the last revision waits for the rest of it", () => {
  const gather = new Gather(4);
  expect(gather.add([event(5), event(6, "a")], true)).toEqual({ events: [event(5)], revision: 5 });
  expect(gather.add([event(6, "b")], true)).toBeNull();
  expect(gather.add([event(6, "c")], false)).toEqual({ events: [event(6, "a"), event(6, "b"), event(6, "c")], revision: 6 });
});

test("a response without events is nothing", () => {
  expect(new Gather(4).add([], false)).toBeNull();
});

test("what was handed out before is left out", () => {
  const gather = new Gather(4);
  expect(gather.add([event(3), event(4)], false)).toBeNull();
  expect(gather.add([event(4), event(5)], false)).toEqual({ events: [event(5)], revision: 5 });
  expect(gather.add([event(5), event(6)], false)).toEqual({ events: [event(6)], revision: 6 });
});

test("however it is cut, each event comes once, in order, with all of its revision", () => {
  const revisions = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(revisions, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), (sizes, cuts) => {
      const all = sizes.flatMap((size, at) => Array.from({ length: size }, (_, n) => event(at + 1, String(n))));
      const gather = new Gather(0);
      const calls: WatchEvent[][] = [];
      for (let from = 0, n = 0; from < all.length; n++) {
        const to = from + cuts[n % cuts.length];
        const gathered = gather.add(all.slice(from, to), to < all.length);
        if (gathered) calls.push(gathered.events);
        if (gathered) expect(revisionOf(gathered.events[gathered.events.length - 1])).toBe(gathered.revision);
        from = to;
      }
      expect(calls.flat()).toEqual(all);
      const ofCall = calls.map((call) => new Set(call.map(revisionOf)));
      expect(ofCall.reduce((sum, { size }) => sum + size, 0)).toBe(sizes.length);
    }),
  );
});

test("one revision without an end is given up", () => {
  const gather = new Gather(0);
  const many = Array.from({ length: 500_000 }, () => event(1));
  gather.add(many, true);
  gather.add(many, true);
  expect(() => gather.add(many, true)).toThrow(/1 has more than 1000000 events/);
});
