// The search on paths whose capacity is known.

import { expect, test } from "vitest";
import { SEARCH_SECONDS, searchUdpRates, type Trial } from "../../../host/measure/udp-search.ts";
import fc from "../../oracle/property.ts";

/** Carries `capacity` a second of what the sender, who can make `most`, offers; `flooded` of it when the sender is at its most. */
function path(capacity: number, most: number, flooded = capacity) {
  const asked: { perSecond: number | null; seconds: number }[] = [];
  const trial: Trial = (perSecond, seconds) => {
    asked.push({ perSecond, seconds });
    const sent = Math.min(perSecond ?? most, most);
    const arrived = Math.min(sent, perSecond === null ? flooded : capacity);
    return Promise.resolve({ sentPerSecond: sent, deliveredPerSecond: arrived, loss: 1 - arrived / sent });
  };
  return { trial, asked };
}

test("a path that takes the flood needs no search", async () => {
  const { trial, asked } = path(500, 400);
  expect(await searchUdpRates(trial, 3, 0)).toMatchObject({ best: 400, lossFree: 400 });
  expect(asked).toEqual([{ perSecond: null, seconds: 3 }]);
});

test("a flood that shows less than there is: the best is found at a lower load", async () => {
  const { trial } = path(300_000, 500_000, 200_000);
  const { flood, best, lossFree } = await searchUdpRates(trial, 1, 0.001);
  expect(flood.deliveredPerSecond).toBe(200_000);
  expect(best).toBe(300_000);
  expect(lossFree).toBeGreaterThan(285_000);
  expect(lossFree).toBeLessThanOrEqual(300_300);
});

test("the range is halved, and the search takes as long as it says", async () => {
  const { trial, asked } = path(100_000, 800_000, 50_000);
  await searchUdpRates(trial, 3, 0);
  expect(asked.map(({ perSecond }) => perSecond)).toEqual([null, 50_000, 425_000, 237_500, 143_750, 96_875]);
  expect(asked.slice(1).reduce((sum, { seconds }) => sum + seconds, 0)).toBe(SEARCH_SECONDS);
});

test("a path that loses at every load has no rate free of loss", async () => {
  const trial: Trial = (perSecond) => Promise.resolve({ sentPerSecond: perSecond ?? 1000, deliveredPerSecond: 0, loss: 1 });
  expect(await searchUdpRates(trial, 1, 0.001)).toMatchObject({ best: 0, lossFree: null });
});

test("whatever the path, the result is within 3 % of the flood below the capacity, and never above it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1000, max: 1e6 }), fc.integer({ min: 1000, max: 1e6 }), async (capacity, most) => {
      const { best, lossFree } = await searchUdpRates(path(capacity, most).trial, 1, 0);
      const truth = Math.min(capacity, most);
      expect(best).toBeLessThanOrEqual(truth);
      expect(lossFree ?? 0).toBeLessThanOrEqual(truth);
      expect(lossFree ?? 0).toBeGreaterThanOrEqual(truth - most / 32);
    }),
  );
});
