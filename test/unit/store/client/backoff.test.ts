// Waits grow to a bound and are spread.

import { expect, test } from "vitest";
import { Backoff } from "../../../../host/store/client/backoff.ts";

test("doubles up to two seconds, and begins anew", () => {
  const backoff = new Backoff(() => 0.999999);
  const waits = Array.from({ length: 9 }, () => Math.round(backoff.next()));
  expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  backoff.reset();
  expect(Math.round(backoff.next())).toBe(50);
});

test("a wait is between half of its step and the whole", () => {
  expect(new Backoff(() => 0).next()).toBe(25);
  expect(new Backoff(() => 0.5).next()).toBe(37.5);
});
