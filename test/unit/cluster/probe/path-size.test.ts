import { describe, expect, test } from "vitest";
import { CHECK_MS, PathSize, RAISE_MS, triesFor } from "../../../../host/cluster/probe/path-size.ts";

const LEAST = 576;
const FULL = 1450;

/** Answers what is due at `now`, as a path of `carries` bytes does, until nothing is. Gives the sizes asked for. */
function settle(size: PathSize, carries: number, now: number): number[] {
  const asked: number[] = [];
  for (let bytes = size.due(now); bytes !== null; bytes = size.due(now)) {
    asked.push(bytes);
    if (bytes <= carries) size.answered(bytes, now);
    else size.missed(bytes, now, 0);
  }
  return asked;
}

const fresh = () => new PathSize({ least: LEAST, full: FULL, firstAt: 1000 });

test("the full size is asked for first, when it is time, and again every now and then", () => {
  const size = fresh();
  expect([size.due(999), size.known]).toEqual([null, null]);
  expect(settle(size, FULL, 1000)).toEqual([FULL]);
  expect(size.known).toBe(FULL);
  expect(settle(size, FULL, 1000 + CHECK_MS - 1)).toEqual([]);
  expect(settle(size, FULL, 1000 + CHECK_MS)).toEqual([FULL]);
});

test("whatever the path carries is found, with one probe on its way at a time and few in all", () => {
  for (let carries = LEAST; carries <= FULL; carries++) {
    const size = fresh();
    const asked = settle(size, carries, 1000);
    expect([carries, size.known]).toEqual([carries, carries]);
    expect(asked.length).toBeLessThanOrEqual(4 * 12);
  }
});

test("less than the least is not looked for", () => {
  const size = fresh();
  settle(size, 100, 1000);
  expect(size.known).toBe(LEAST);
});

test("a path that is known to carry less is asked for that, and for all after ten minutes", () => {
  const size = fresh();
  settle(size, 1300, 1000);
  expect(settle(size, 1300, 1000 + CHECK_MS)).toEqual([1300]);
  expect(settle(size, FULL, 1000 + RAISE_MS)).toEqual([FULL]);
  expect(size.known).toBe(FULL);
});

test("it falls further, and then rises in part", () => {
  const size = fresh();
  settle(size, 1300, 1000);
  settle(size, 1200, 1000 + CHECK_MS);
  expect(size.known).toBe(1200);
  settle(size, 1400, 1000 + RAISE_MS);
  expect(size.known).toBe(1400);
  settle(size, 1400, 1000 + RAISE_MS + 1);
  expect(size.due(1000 + RAISE_MS + 2)).toBeNull();
});

describe("one that is on its way", () => {
  test("is waited for, and sent again when it is forgotten", () => {
    const size = fresh();
    expect([size.due(1000), size.due(1001)]).toEqual([FULL, null]);
    size.forget();
    expect(size.due(1002)).toBe(FULL);
  });

  test("does not count when something else is asked meanwhile", () => {
    const size = fresh();
    size.due(1000);
    size.restart(5000);
    for (let i = 0; i < 9; i++) size.missed(FULL, 1001, 0);
    size.answered(FULL, 1002);
    expect([size.known, size.due(4999), size.due(5000)]).toEqual([null, null, FULL]);
    size.missed(1234, 5000, 0);
    expect(size.due(5000)).toBeNull();
  });
});

test("beginning anew forgets a search, not what is known", () => {
  const size = fresh();
  settle(size, 1300, 1000);
  size.restart(2000);
  expect(size.known).toBe(1300);
  expect(settle(size, FULL, 2000)).toEqual([FULL]);
});

test("a size that was lost by chance is asked once more, and then all of it", () => {
  const size = fresh();
  for (let i = 0; i < 4; i++) size.missed(size.due(1000) as number, 1000, 0);
  expect(settle(size, FULL, 1001).slice(-2)).toEqual([FULL, FULL]);
  expect(size.known).toBe(FULL);
});

test("more tries where much is lost: chance is left less than one in a million, within bounds", () => {
  expect([0, 0.001, 0.01, 0.19, 0.5, 1].map(triesFor)).toEqual([4, 4, 4, 9, 10, 10]);
  for (let loss = 0; loss < 0.25; loss += 0.01) expect(loss ** triesFor(loss)).toBeLessThan(1.1e-6);
});
