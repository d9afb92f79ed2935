import { expect, test } from "vitest";
import { defaultWorkers } from "../../../host/model/workers.ts";

test("half of the CPUs, at least one, at most eight", () => {
  expect([1, 2, 3, 4, 8, 16, 64].map((cpus) => defaultWorkers(cpus))).toEqual([1, 1, 1, 2, 4, 8, 8]);
  expect(defaultWorkers()).toBeGreaterThanOrEqual(1);
});
