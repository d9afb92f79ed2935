import { expect, test } from "vitest";
import { LOOK_MS, renewalTime, startRenewal } from "../../../host/cluster/renewal.ts";
import fc from "../../oracle/property.ts";
import { VirtualClock } from "./virtual-clock.ts";

const DAY_MS = 86_400_000;

test("renewal is between 50 and 80 % of a certificate's life", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 41 }),
      fc.integer({ min: 1, max: 2 ** 35 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (from, life, random) => {
        const share = (renewalTime({ notBefore: from, notAfter: from + life }, random) - from) / life;
        expect(share).toBeGreaterThan(0.499);
        expect(share).toBeLessThan(0.801);
      },
    ),
  );
});

function runner(clock: VirtualClock, fails: () => boolean = () => false) {
  const facts = () => ({ nodeId: "n", clusterId: "c", role: "worker" as const, ...life });
  let life = { notBefore: clock.now() - DAY_MS, notAfter: clock.now() + 30 * DAY_MS };
  const renewed: number[] = [];
  const failures: unknown[] = [];
  const renew = async () => {
    if (fails()) throw new Error("nobody answers");
    renewed.push(clock.now());
    life = { notBefore: clock.now() - DAY_MS, notAfter: clock.now() + 30 * DAY_MS };
  };
  const renewal = startRenewal({ facts, renew, onFailure: (error) => failures.push(error), clock, random: () => 0.5 });
  return { renewal, renewed, failures };
}

test("the runner renews at its time, and again a life later", async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const { renewal, renewed } = runner(clock);
  await clock.pass(45 * DAY_MS);
  renewal.stop();
  await clock.pass(45 * DAY_MS);
  // 65 % of 31 days, less the day that it was backdated by.
  expect(renewed.map((at) => (at - start) / DAY_MS)).toEqual([expect.closeTo(19.15, 1), expect.closeTo(38.3, 1)]);
});

test("it tries each minute while nobody answers, and at once when the clock has jumped past its time", async () => {
  const clock = new VirtualClock();
  let down = true;
  const { renewal, renewed, failures } = runner(clock, () => down);
  await clock.pass(LOOK_MS);
  expect(failures).toHaveLength(0);
  clock.jump(25 * DAY_MS);
  await clock.pass(10 * LOOK_MS);
  expect(failures).toHaveLength(10);
  down = false;
  await clock.pass(LOOK_MS);
  expect(renewed).toHaveLength(1);
  await clock.pass(10 * LOOK_MS);
  expect(renewed).toHaveLength(1);
  renewal.stop();
});

test("one from the future is renewed as soon as the clock, set back, says so", async () => {
  const clock = new VirtualClock();
  const { renewal, renewed } = runner(clock);
  clock.jump(-DAY_MS);
  await clock.pass(LOOK_MS / 2);
  expect(renewed).toHaveLength(0);
  clock.jump(-DAY_MS);
  await clock.pass(LOOK_MS);
  expect(renewed).toHaveLength(1);
  await clock.pass(10 * LOOK_MS);
  expect(renewed).toHaveLength(1);
  renewal.stop();
});

test("soon is now", async () => {
  const clock = new VirtualClock();
  const { renewal, renewed } = runner(clock);
  await clock.pass(LOOK_MS / 2);
  renewal.soon();
  await clock.pass(0);
  expect(renewed).toHaveLength(1);
  renewal.stop();
});
