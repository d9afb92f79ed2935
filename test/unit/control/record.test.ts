import { expect, test } from "vitest";
import { ControlRecord } from "../../../host/control/record.ts";

test("drift is the last reconcile's, corrections are all of them", () => {
  const record = new ControlRecord();
  expect(record.view(0)).toMatchObject({ drift: 0, corrections: 0, failures: 0 });
  record.reconciled(3, 5, 0.004);
  record.reconciled(0, 1, 0.3);
  record.converged(0.0015);
  record.converged(60);
  const { drift, corrections, failures, reconciles, convergences } = record.view(2);
  expect([drift, corrections, failures]).toEqual([0, 6, 2]);
  expect(reconciles.counts.reduce((sum, count) => sum + count)).toBe(2);
  expect(convergences.bounds[0]).toBe(0.001);
  expect(convergences.bounds.at(-1)).toBe(10);
  expect([convergences.counts[1], convergences.counts.at(-1), convergences.sum]).toEqual([1, 1, 60.0015]);
});
