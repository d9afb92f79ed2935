// The search on overlays whose behaviour is known: a capacity above which everything more is lost.

import { describe, expect, test } from "vitest";
import { findRate, PRECISION, type Trial } from "../../../bench/search.ts";
import fc from "../../oracle/property.ts";

const CAPACITY = 100_000;
const TRIALS_BOUND = 18;

function behind(capacity: number): (rate: number) => Promise<Trial> {
  return async (rate) => ({ offered: rate, lossRatio: Math.max(0, 1 - capacity / rate) });
}

const flood = (rate: number, capacity = CAPACITY): Trial => ({ offered: rate, lossRatio: Math.max(0, 1 - capacity / rate) });

describe("the search", () => {
  test("finds a capacity to its precision, from below, in a bounded number of trials", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 1.01, max: 200, noNaN: true }), async (factor) => {
        const found = await findRate(flood(CAPACITY * factor), { lossRatio: 0 }, behind(CAPACITY));
        expect(found.rate).toBeLessThanOrEqual(CAPACITY);
        expect(found.rate).toBeGreaterThan(CAPACITY * (1 - 2 * PRECISION));
        expect(found.trials).toBeLessThanOrEqual(TRIALS_BOUND);
        expect(found.limit).toBe("loss");
      }),
    );
  });

  test("a tolerance lets it go that much further", async () => {
    const found = await findRate(flood(300_000), { lossRatio: 0.1 }, behind(CAPACITY));
    expect(found.rate).toBeGreaterThan(CAPACITY * (1 - PRECISION));
    expect(found.rate / (CAPACITY / 0.9)).toBeLessThanOrEqual(1);
  });

  test("a sender that loses nothing at its best is the limit itself, and nothing is tried", async () => {
    const found = await findRate({ offered: 80_000, lossRatio: 0 }, { lossRatio: 0 }, () => Promise.reject(new Error("tried")));
    expect(found).toEqual({ rate: 80_000, trials: 0, limit: "sender" });
  });

  test("what counts is what was offered, not what was asked for", async () => {
    const slow = async (rate: number) => ({ ...(await behind(CAPACITY)(rate * 0.8)), offered: rate * 0.8 });
    const found = await findRate(flood(200_000), { lossRatio: 0 }, slow);
    expect(found.rate).toBeLessThanOrEqual(CAPACITY);
    expect(found.rate).toBeGreaterThan(CAPACITY * (1 - 2 * PRECISION));
  });

  test("what does not hold for longer is lowered until it does", async () => {
    const tried: number[] = [];
    const run = async (rate: number, long: boolean) => {
      if (long) tried.push(rate);
      return behind(long ? CAPACITY * 0.8 : CAPACITY)(rate);
    };
    const found = await findRate(flood(200_000), { lossRatio: 0 }, run);
    expect(tried.length).toBeGreaterThan(1);
    expect(tried).toEqual(tried.toSorted((a, b) => b - a));
    expect(found.rate).toBe(tried.at(-1));
    expect(found.rate).toBeLessThanOrEqual(CAPACITY * 0.8);
  });

  test("what always loses has no rate, and that is found in a bounded number of trials", async () => {
    let trials = 0;
    const found = await findRate({ offered: 1e6, lossRatio: 0.9 }, { lossRatio: 0 }, async (rate) => {
      trials++;
      return { offered: rate, lossRatio: 0.5 };
    });
    expect(found.rate).toBe(0);
    expect(trials).toBeLessThanOrEqual(TRIALS_BOUND);
  });

  test("a guess above what can be offered is not tried", async () => {
    const asked: number[] = [];
    await findRate(flood(150_000), { lossRatio: 0, guess: 1e9 }, (rate) => {
      asked.push(rate);
      return behind(CAPACITY)(rate);
    });
    expect(Math.max(...asked)).toBeLessThan(150_000);
  });
});
