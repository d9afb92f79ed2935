import { expect, test } from "vitest";
import { inTurn } from "../../../host/sys/in-turn.ts";

/** More than run at a time. */
const MANY = 50;

test("some at a time, in the order of asking, whether they end well or not", async () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: MANY }, (_, n) =>
    inTurn(async () => {
      begun.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (n % 2 === 1) throw new Error(`no ${n}`);
      return n;
    }),
  );
  const settled = Promise.allSettled(all);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  const atOnce = begun.length;
  expect(atOnce).toBeGreaterThan(1);
  expect(atOnce).toBeLessThan(MANY / 2);
  for (let ended = 0; ended < MANY; ended++) {
    ends[ended]();
    await turn();
    expect(begun).toEqual(Array.from({ length: Math.min(MANY, atOnce + ended + 1) }, (_, n) => n));
  }
  const results = await settled;
  expect(results.map(({ status }) => status)).toEqual(begun.map((n) => (n % 2 === 1 ? "rejected" : "fulfilled")));
  expect(await inTurn(async () => "again")).toBe("again");
});
