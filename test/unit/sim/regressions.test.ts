// What random schedules have found, each in as few deeds as will do, and from several seeds: delays decide whether it happens.

import { expect, test } from "vitest";
import type { Deed, Kind } from "./deeds.ts";
import { perform } from "./schedule.ts";

const SEEDS = 25;
/** Most of it for a machine that is busy. */
const timeout = SEEDS * 5000;

const deed = (atMs: number, kind: Kind, a = 0, b = 0, c = 0): Deed => ({ atMs, kind, a, b, c });

/** With hosts h0 (the manager), h1 and h2, and one network, `blue`. */
async function hold(deeds: (seed: number) => Deed[]): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const all = [deed(1500, "networkCreate"), ...deeds(seed)];
    const { failure } = await perform({ seed, embedded: true, managers: 1, workers: 2, deeds: all });
    expect(failure, `seed ${seed}`).toBeNull();
  }
}

test("what is attached while its host is removed goes elsewhere at once, and nothing is sent to that host", { timeout }, async () => {
  const sameAddress = 4;
  await hold((seed) => [
    deed(3000, "runAsked", 1, 0, sameAddress),
    deed(3006 + (seed % 12) / 2, "nodeRemove", 0, 1, 0),
    deed(4000, "runAsked", 2, 0, sameAddress),
  ]);
});

test("a network that was removed and made again by its name while a host was away: the host takes part in the new one", {
  timeout,
}, async () => {
  const longAway = 800;
  await hold((seed) => [
    deed(1700, "run", 1, 0, 1),
    deed(3000, "kill", 1, longAway),
    deed(9000, "networkRemove"),
    deed(9100, "networkCreate"),
    ...[12_100, 12_400, 13_000, 14_000].map((atMs) => deed(atMs + 10 * seed, "run", 1, 0, 1)),
  ]);
});
