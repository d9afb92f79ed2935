import { expect, test } from "vitest";
import { Bucket } from "../../../host/model/bucket.ts";

const taken = (bucket: Bucket, now: number, tries = 100) => Array.from({ length: tries }, () => bucket.take(now)).filter(Boolean).length;

test("so many at once, then so many a second, and never more saved up", () => {
  const bucket = new Bucket(5, 10);
  expect(taken(bucket, 1000)).toBe(10);
  expect(taken(bucket, 1100)).toBe(0);
  expect(taken(bucket, 1200)).toBe(1);
  expect(taken(bucket, 2200)).toBe(5);
  expect(taken(bucket, 1e6)).toBe(10);
});

test("a clock that stands still or goes back gives nothing", () => {
  const bucket = new Bucket(5, 1);
  expect([bucket.take(1000), bucket.take(1000), bucket.take(0)]).toEqual([true, false, false]);
});

test("several are had at once or not at all", () => {
  const bucket = new Bucket(5, 10);
  expect([bucket.take(1000, 7), bucket.take(1000, 4), bucket.take(1000, 3), bucket.take(1000)]).toEqual([true, false, true, false]);
});
