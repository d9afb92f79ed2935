import { expect, test } from "vitest";
import {
  Allowance,
  Allowances,
  CALLS_AT_ONCE,
  LEASES_MAX,
  OPERATIONS_AT_ONCE,
  STREAMS_MAX,
  WRITES_AT_ONCE,
} from "../../../host/store/allowance.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each([
  ["call", CALLS_AT_ONCE],
  ["operation", OPERATIONS_AT_ONCE],
] as const)("so many of a kind run at a time (%s), and the next in order when one ends, well or not", async (kind, most) => {
  const allowance = new Allowance();
  const running: { end: () => void; fail: () => void }[] = [];
  const works = Array.from({ length: most + 2 }, () =>
    allowance[kind](() => new Promise<void>((end, fail) => running.push({ end, fail: () => fail(new Error("failed")) }))),
  );
  await turn();
  expect(running).toHaveLength(most);
  running[0].end();
  running[1].fail();
  await works[0];
  await expect(works[1]).rejects.toThrow("failed");
  await turn();
  expect(running).toHaveLength(most + 2);
  for (const { end } of running) end();
  await Promise.all([works[0], ...works.slice(2)]);
});

test("more than may wait are refused", async () => {
  const allowance = new Allowance();
  let end = () => {};
  const until = new Promise<void>((resolve) => (end = resolve));
  const works = Array.from({ length: CALLS_AT_ONCE + 4096 }, () => allowance.call(() => until));
  await expect(allowance.call(async () => {})).rejects.toThrow("too many requests");
  end();
  await Promise.all(works);
});

test("writes come at a pace, by their number and by their bytes", () => {
  const allowance = new Allowance();
  for (let n = 0; n < WRITES_AT_ONCE; n++) allowance.write(100, 1000);
  expect(() => allowance.write(100, 1000)).toThrow("too many requests");
  allowance.write(100, 1100);
  const large = new Allowance();
  for (let n = 0; n < 8; n++) large.write(1024 ** 2, 1000);
  expect(() => large.write(1024 ** 2, 2000)).toThrow("too many requests");
  large.write(1024 ** 2, 5000);
});

test("streams are counted while they last", () => {
  const allowance = new Allowance();
  const [end] = Array.from({ length: STREAMS_MAX }, () => allowance.stream());
  expect(() => allowance.stream()).toThrow("too many requests");
  end();
  allowance.stream();
});

test("the oldest lease makes room", () => {
  const allowance = new Allowance();
  const ended = Array.from({ length: LEASES_MAX + 2 }, (_, n) => allowance.enterLease(BigInt(n)));
  expect(ended.filter((lease) => lease !== undefined)).toEqual([0n, 1n]);
});

test("each worker has one of its own for all its calls, and a manager none", () => {
  const all = new Allowances();
  const worker = all.of({ nodeId: "a", role: "worker" });
  expect(all.of({ nodeId: "a", role: "worker" })).toBe(worker);
  expect(all.of({ nodeId: "b", role: "worker" })).not.toBe(worker);
  expect(all.of({ nodeId: "a", role: "manager" })).toBe(null);
  all.forget("a");
  expect(all.of({ nodeId: "a", role: "worker" })).not.toBe(worker);
});
