import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { periodic } from "../../../../host/agent/member/periodic.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const fail = (error: unknown) => {
  throw error;
};

test("the next time begins so long after the last one ended", async () => {
  const began: number[] = [];
  const work = async () => {
    began.push(Date.now());
    await new Promise((done) => setTimeout(done, 50));
  };
  const start = Date.now();
  const it = periodic(100, work, fail);
  await vi.advanceTimersByTimeAsync(500);
  expect(began.map((at) => at - start)).toEqual([100, 250, 400]);
  await it.stop();
  await vi.advanceTimersByTimeAsync(1000);
  expect(began.length).toBe(3);
});

test("asked for now it is done now, and never twice at once", async () => {
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, 50));
    running--;
  };
  const it = periodic(100, work, fail);
  const both = Promise.all([it.now(), it.now()]);
  await vi.advanceTimersByTimeAsync(100);
  await both;
  expect(most).toBe(1);
  await it.stop();
});

test("a failure is told, and it goes on", async () => {
  const failures: unknown[] = [];
  const it = periodic(
    10,
    () => {
      throw new Error("this time");
    },
    (error) => failures.push(error),
  );
  await vi.advanceTimersByTimeAsync(35);
  expect(failures.length).toBe(3);
  await it.stop();
});
