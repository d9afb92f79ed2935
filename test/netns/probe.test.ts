// Probes through the data path of real agents: what they measure, who is suspected when the network between hosts breaks, what becomes of the traffic
// then, and how all is well again when it heals. probe-busy.test.ts has hosts that are kept from running.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ipBatch, run } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { addressOf, type Family, routedUnderlay, underlay } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { Filter, Probing } from "./probing.ts";

/** The promise is 3 s and 2 s; a state is asked for over a pipe, and the machine may be busy. */
const SUSPECT_MS = 3000;
const HEALED_MS = 2000;

describeNetns("three hosts that probe each other", ["nft"], () => {
  let lab: Lab;
  let all: Probing[];
  let filters: Filter[];
  beforeAll(async () => {
    lab = await Lab.open();
    all = await Probing.all(lab, await underlay(lab, ["a", "b", "c"]));
    filters = all.map(({ host }) => new Filter(host.netns));
  });
  afterAll(() => lab?.close());

  const suspects = async (node: number) => (await all[node].state()).probes.filter(({ suspect }) => suspect).map(({ vtep }) => vtep);
  const ofVtep = (vtep: string) => all.findIndex(({ host }) => host.ip4 === vtep);

  /** Until `node` suspects exactly these. */
  async function untilSuspects(node: number, others: number[]): Promise<number> {
    const holds = async () => JSON.stringify((await suspects(node)).map(ofVtep).sort()) === JSON.stringify(others);
    const began = performance.now();
    await eventually(`host ${node} to suspect [${others}]`, holds);
    return performance.now() - began;
  }

  /** Sends so many datagrams into nowhere, from one container to another's address. */
  async function shout(from: number, to: number, count: number): Promise<void> {
    const program = `const { createSocket } = require("node:dgram"); const s = createSocket("udp4");
      (async () => { for (let i = 0; i < ${count}; i++) await new Promise((r) => s.send("x", 9, "${all[to].inside.ip4}", r)); s.close(); })();`;
    await run([process.execPath, "-e", program], { netns: all[from].inside.netns });
  }

  beforeEach(async () => {
    for (const node of [0, 1, 2]) await untilSuspects(node, []);
  });

  test("know round trip, loss and path MTU of each other", async () => {
    for (const one of all) {
      await one.until("the path MTUs", ({ peers }) => peers.every(({ pathMtu }) => pathMtu === 1500));
      // Before the others were there, probes were lost.
      await one.until("few losses", ({ peers }) => peers.every(({ loss }) => loss !== null && loss < 0.2));
      const { peers, refused } = await one.state();
      for (const { state, cause, rttSeconds } of peers) {
        expect([state, cause]).toEqual(["reachable", null]);
        expect(rttSeconds).toBeGreaterThan(0);
        expect(rttSeconds).toBeLessThan(0.5);
      }
      expect(refused.filter(({ reason }) => reason !== "unexpected" && reason !== "stranger")).toEqual([]);
    }
  });

  test.each([
    ["both ways", [0, 1]],
    ["one way", [1]],
  ])("a path broken %s is suspected by both its ends, its traffic is counted as dropped, and it heals", async (_, walls) => {
    const [a, b, c] = all;
    expect(await a.reaches(b)).toBe(true);
    const changes = (await c.state()).changes.length;
    for (const node of walls) await filters[node].dropIncoming(`ip saddr ${all[1 - node].host.ip4}`);
    const times = await Promise.all([untilSuspects(0, [1]), untilSuspects(1, [0])]);
    for (const time of times) expect(time).toBeLessThan(SUSPECT_MS);
    for (const one of [a, b]) await one.until("the cause", ({ peers }) => peers.some(({ cause }) => cause === "path"));
    const before = await a.suspendedFrames();
    await shout(0, 1, 7);
    await eventually("the drops", async () => (await a.suspendedFrames()) - before >= 7);
    expect((await a.suspendedFrames()) - before).toBe(7);
    expect([await a.reaches(c), await b.reaches(c)]).toEqual([true, true]);
    expect((await c.state()).changes.length).toBe(changes);
    for (const node of walls) await filters[node].clear();
    for (const time of await Promise.all([untilSuspects(0, []), untilSuspects(1, [])])) expect(time).toBeLessThan(HEALED_MS);
    expect(await a.reaches(b)).toBe(true);
    for (const { came, went } of Object.values((await a.books()).networks)) expect(went).toBe(came);
  });

  test("a host that is cut off is suspected by all, for itself, and suspects all", async () => {
    await filters[2].dropIncoming();
    const times = await Promise.all([untilSuspects(0, [2]), untilSuspects(1, [2]), untilSuspects(2, [0, 1])]);
    for (const time of times) expect(time).toBeLessThan(SUSPECT_MS);
    for (const one of [all[0], all[1]]) await one.until("the cause", ({ peers }) => peers.some(({ cause }) => cause === "node"));
    await filters[2].clear();
    for (const time of await Promise.all([0, 1, 2].map((node) => untilSuspects(node, [])))) expect(time).toBeLessThan(HEALED_MS);
  });

  test("a tenth of all packets lost each way raises no suspicion, and is measured", async () => {
    const sum = async () => {
      const states = await Promise.all(all.map((one) => one.state()));
      const probes = states.flatMap((state) => state.probes);
      const [lost, answered] = [probes.reduce((n, each) => n + each.lost, 0), probes.reduce((n, each) => n + each.answered, 0)];
      return { lost, answered, changes: states.map(({ changes }) => changes.length) };
    };
    const before = await sum();
    for (const filter of filters) await filter.set("input", "udp dport 4789 numgen random mod 10 0 drop");
    await eventually("losses", async () => (await sum()).lost - before.lost >= 6, 60_000);
    const after = await sum();
    expect(after.changes).toEqual(before.changes);
    const [lost, answered] = [after.lost - before.lost, after.answered - before.answered];
    expect(lost / (lost + answered)).toBeGreaterThan(0.03);
    expect(lost / (lost + answered)).toBeLessThan(0.6);
    for (const filter of filters) await filter.clear();
  });

  describe("when one is killed", () => {
    test("the others suspect it within 3 s, and reach each other", async () => {
      await all[2].daemon.kill();
      for (const time of await Promise.all([untilSuspects(0, [2]), untilSuspects(1, [2])])) expect(time).toBeLessThan(SUSPECT_MS);
      expect(await all[0].reaches(all[1])).toBe(true);
    });
  });
});

describeNetns("a path that is narrow in the middle, with ICMP filtered", ["nft"], () => {
  test("is found to the byte, and containers are told, over IPv4 and IPv6", async () => {
    await Promise.all([narrow(4), narrow(6)]);
  });
});

async function narrow(family: Family): Promise<void> {
  await using lab = await Lab.open();
  const [left, right, router] = await routedUnderlay(lab);
  await new Filter(router).set("output", `${family === 4 ? "icmp type destination-unreachable" : "icmpv6 type packet-too-big"} drop`);
  await ipBatch(["link set r1 mtu 1400"], router);
  // The agent asks the kernel of VTEPs to which it injects, which believes that everything fits; here probes alone have the word.
  const [a, b] = await Probing.all(lab, [left, right], { family, injection: "off" });
  await a.until("the narrow path", ({ peers }) => peers[0].pathMtu === 1400, 30_000);
  await b.until("the other way", ({ peers }) => peers[0].pathMtu !== null, 30_000);
  expect((await a.state()).probes[0]).toMatchObject({ vtep: addressOf(right, family), suspect: false, pathMtu: 1400 });
  const mtu = 1400 - (family === 4 ? 50 : 70);
  await eventually("ICMP fragmentation needed", async () => {
    const { output } = await ping(a.inside.netns, b.inside.ip4, { count: 2, size: 1390, flags: ["-M", "do"], waitSeconds: 1 });
    return new RegExp(`mtu ?= ?${mtu}`).test(output);
  });
  expect((await ping(a.inside.netns, b.inside.ip4, { count: 1, size: mtu - 28, flags: ["-M", "do"] })).received).toBe(1);
}
