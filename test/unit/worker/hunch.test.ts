import { expect, test } from "vitest";
import { Hunch } from "../../../host/worker/hunch.ts";

const acts = (hunch: Hunch, times: number) => Array.from({ length: times }, () => hunch.act());

test("a guess that has not been seen to hold is acted on now and then only", () => {
  const all = acts(new Hunch(), 640);
  expect(all.filter(Boolean)).toHaveLength(10);
  expect(all[63]).toBe(true);
});

test("one that held is acted on eight times before it is looked at again", () => {
  const hunch = new Hunch();
  hunch.held();
  expect(acts(hunch, 9)).toEqual([...Array(8).fill(true), false]);
  hunch.held();
  hunch.held();
  expect(acts(hunch, 9)).toEqual([...Array(8).fill(true), false]);
});
