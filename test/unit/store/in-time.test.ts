import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { inTime } from "../../../host/store/in-time.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});

test("an answer, or a failure, comes as it is", async () => {
  expect(await inTime({}, Promise.resolve(7), 1000)).toBe(7);
  await expect(inTime({}, Promise.reject(new Error("no space")), 1000)).rejects.toThrow("no space");
  expect(vi.getTimerCount()).toBe(0);
});

test.each<[string, { trouble?: () => string | null }, string]>([
  ["that says why", { trouble: () => "no etcd answers" }, "no etcd answers"],
  ["that does not know why", { trouble: () => null }, "the store behind it does not answer"],
  ["that is never asked", {}, "the store behind it does not answer"],
])("one %s is given up before the caller gives up", async (_, backend, message) => {
  const told = expect(inTime(backend, never(), 1000)).rejects.toMatchObject({ code: status.UNAVAILABLE, message });
  await vi.advanceTimersByTimeAsync(999);
  await told;
});

test("a caller that waits for ever is not told of lateness", async () => {
  void inTime({}, never(), Number.POSITIVE_INFINITY);
  expect(vi.getTimerCount()).toBe(0);
});
