import { expect, test } from "vitest";
import { Spin } from "../../../host/worker/spin.ts";

test("the time grows while sleeps are short, up to the limit, and is nothing after a long one", () => {
  const spin = new Spin(50);
  expect(spin.budgetMs).toBe(0);
  const budgets = [0.001, 0.05, 0.02, 0.03, 0.051, 0.01].map((sleptMs) => {
    spin.slept(sleptMs);
    return spin.budgetMs;
  });
  expect(budgets).toEqual([0.01, 0.02, 0.04, 0.05, 0, 0.01]);
});

test("a limit of 0 is off, whatever sleeps are like", () => {
  const spin = new Spin(0);
  expect(spin.isOff).toBe(true);
  spin.slept(0.001);
  expect(spin.budgetMs).toBe(0);
  expect(new Spin(1).isOff).toBe(false);
});
