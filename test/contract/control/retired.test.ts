import { afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Retired } from "../../../host/control/retired.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { LoopbackPlane } from "./plane.ts";

let open: LoopbackPlane;
let retired: Retired;
beforeEach(async () => {
  open = LoopbackPlane.bare();
  retired = new Retired(open.plane);
  await open.start();
});
afterEach(() => open?.close());

const seen = () => Atomics.load(new Int32Array(open.plane.memory.buffer, workerBlock(open.plane.memory, 0)), abi.W_GENERATION / 4);

test("frees in order, once every worker has begun two breaths since, and after those who wait for that", async () => {
  const done: string[] = [];
  const before = seen();
  retired.onGrace(() => done.push("grace"));
  retired.later(() => void done.push(`first ${seen() - before >= 2}`));
  retired.later(async () => void done.push("second"));
  expect(done).toEqual([]);
  expect(await retired.settle()).toEqual([]);
  expect(done).toEqual(["grace", "first true", "second"]);
  expect(await retired.settle()).toEqual([]);
  expect(done).toHaveLength(3);
});

test("one that fails is told, and keeps no other from being freed", async () => {
  const done: number[] = [];
  retired.later(() => {
    throw new Error("the first");
  });
  retired.later(() => Promise.reject(new Error("the second")));
  retired.later(() => void done.push(3));
  expect(await retired.settle()).toEqual(["the first", "the second"]);
  expect(done).toEqual([3]);
});

test("what cannot be known to be unused goes on waiting", async () => {
  const done: number[] = [];
  retired.later(() => void done.push(1));
  const { published } = open.plane;
  open.plane.published = () => Promise.reject(new Error("a worker hangs"));
  expect(await retired.settle()).toEqual(["a worker hangs"]);
  expect(done).toEqual([]);
  open.plane.published = published;
  expect(await retired.settle()).toEqual([]);
  expect(done).toEqual([1]);
});
