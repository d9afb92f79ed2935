// Probes of agents that are kept from running: a main thread that does nothing for long, a process that is stopped, hosts whose CPUs are taken. While
// workers forward, nobody is suspected.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Lab } from "../../lab/lab.ts";
import { underlay } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { Probing } from "./probing.ts";

const BLOCK_MS = 5000;
/** Three seconds of them: they are over before it, also where the machine is busy. */
const PINGS = 15;
const STOP_MS = 3000;
/** The promise; a state is asked for over a pipe, and the machine may be busy. */
const HEALED_MS = 2000;
const LOAD_SECONDS = 30;
/** At normal priority, beside all that the agents do. */
const LOOPS = 10;
/** Each does nothing else, and ends by itself at the latest. */
const LOOP = ["timeout", `${LOAD_SECONDS}`, "sh", "-c", "while :; do :; done"];

describeNetns("five hosts that probe each other", [], () => {
  let lab: Lab;
  let all: Probing[];
  let before: number[];
  beforeAll(async () => {
    lab = await Lab.open();
    all = await Probing.all(lab, await underlay(lab, ["a", "b", "c", "d", "e"]));
  });
  afterAll(() => lab?.close());

  const states = () => Promise.all(all.map((one) => one.state()));
  const changes = async () => (await states()).map((state) => state.changes.length);
  beforeEach(async () => {
    await eventually("nobody to be suspect", async () => (await states()).every(({ probes }) => probes.every(({ suspect }) => !suspect)));
    before = await changes();
  });

  /** Suspicions since the test began, by host: each is a change, and so is its end. */
  const suspicions = async () => (await states()).map((state, i) => state.changes.slice(before[i]));
  const nothing = [[], [], [], [], []];

  test("a main thread that does nothing for 5 s is no reason to suspect its host, nor does it suspect another", async () => {
    const [a, b] = all;
    const earlier = (await a.state()).probes;
    const began = performance.now();
    const blocked = a.state(BLOCK_MS);
    const pings = await Promise.all(
      [a, b].map((from, i) => ping(from.inside.netns, [b, a][i].inside.ip4, { count: PINGS, intervalSeconds: 0.2 })),
    );
    expect(pings.map(({ received }) => received)).toEqual([PINGS, PINGS]);
    expect(performance.now() - began).toBeLessThan(BLOCK_MS);
    const { changes: heard, probes } = await blocked;
    expect(performance.now() - began).toBeGreaterThanOrEqual(BLOCK_MS);
    expect(heard).toHaveLength(before[0]);
    // It probed as ever, about once a second.
    await eventually("the figures of that time", async () => {
      const { probes: later } = await a.state();
      return later.every(({ answered }, i) => answered - earlier[i].answered >= BLOCK_MS / 1000 - 1);
    });
    expect(probes).toHaveLength(4);
    expect(await suspicions()).toEqual(nothing);
  });

  test("a process that is stopped for 3 s, workers and all, suspects nobody when it goes on, and nobody suspects it for long", async () => {
    const [stopped, ...others] = all;
    const toBeSuspect = (one: Probing, suspect: boolean, timeoutMs?: number) =>
      one.until(
        `the stopped one to be ${suspect ? "" : "no "}suspect`,
        ({ probes }) => probes.some((probe) => probe.suspect) === suspect,
        timeoutMs,
      );
    stopped.daemon.signal("SIGSTOP");
    try {
      // It forwards nothing: meanwhile it is one, rightly.
      await Promise.all([sleep(STOP_MS), ...others.map((one) => toBeSuspect(one, true))]);
    } finally {
      stopped.daemon.signal("SIGCONT");
    }
    for (const time of await Promise.all(others.map((one) => toBeSuspect(one, false)))) expect(time).toBeLessThan(HEALED_MS);
    // Long enough for a suspicion to be made of what was not answered meanwhile.
    await sleep(STOP_MS);
    expect((await suspicions())[0]).toEqual([]);
  });

  test("ten programs that want all of the CPUs for 30 s are no reason to suspect anybody", async () => {
    const earlier = await states();
    const loops = Array.from({ length: LOOPS }, (_, i) => lab.spawn(LOOP, { name: `loop ${i}` }));
    await Promise.all(loops.map(({ exited }) => exited));
    const later = await states();
    const sum = (of: typeof later, key: "answered" | "lost" | "forgotten") =>
      of.reduce((total, { probes }) => total + probes.reduce((n, probe) => n + probe[key], 0), 0);
    const [answered, lost, forgotten] = (["answered", "lost", "forgotten"] as const).map((key) => sum(later, key) - sum(earlier, key));
    const slowest = Math.max(...later.flatMap(({ probes }) => probes.map(({ rttSeconds }) => rttSeconds ?? 0)));
    console.log(
      `load: ${answered} answered, ${lost} lost, ${forgotten} forgotten; slowest smoothed round trip ${(slowest * 1000).toFixed(0)} ms`,
    );
    expect(await suspicions()).toEqual(nothing);
    // 20 pairs, each about once a second: they were probed, and most answers came in time.
    expect(answered).toBeGreaterThan((20 * LOAD_SECONDS) / 2);
  });
});
