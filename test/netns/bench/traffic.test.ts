// What the benchmark measures with, on the kernel's own devices: datagrams are counted to the last one, wires cut what they say, pings are many.

import { afterEach, beforeEach, expect, test } from "vitest";
import { linux } from "../../../bench/peers/linux.ts";
import type { Pair } from "../../../bench/peers/peer.ts";
import { standAll } from "../../../bench/stand.ts";
import { core, sameHost } from "../../../bench/suites/core.ts";
import type { Suite } from "../../../bench/suites/suite.ts";
import { Datagrams } from "../../../bench/traffic/datagrams.ts";
import { frameMax, WIRES, type Wire } from "../../../bench/wires.ts";
import { ipBatch } from "../../../lab/command.ts";
import { pingAdaptive } from "../../../lab/traffic/ping.ts";
import { describeNetns } from "../needs.ts";

const MTU = 1500;

describeNetns("two containers on a bridge", [], () => {
  let pair: Pair;
  let close: () => Promise<void>;
  let datagrams: Datagrams;

  beforeEach(async () => {
    const standing = await standAll([linux], sameHost, null, MTU);
    close = standing.close;
    [{ pair }] = standing.stood;
    datagrams = await Datagrams.open(pair.containers);
  });
  afterEach(async () => {
    await datagrams.close();
    await close();
  });

  test("what is offered at a modest rate arrives, all of it, in whatever mix of sizes", async () => {
    for (const payloads of [[18], [1402], [18, 548, 18, 1402]]) {
      const trial = await datagrams.trial({ payloads, ratePerSecond: 5000, seconds: 0.2 });
      expect(trial.lossRatio).toBe(0);
      expect(trial.delivered).toBe(trial.offered);
      expect(trial.offered).toBeGreaterThan(0);
      expect(trial.offered).toBeLessThan(5500);
    }
  });

  test("a flood offers more than a modest rate", async () => {
    const modest = await datagrams.trial({ payloads: [18], ratePerSecond: 2000, seconds: 0.2 });
    const flood = await datagrams.trial({ payloads: [18], ratePerSecond: null, seconds: 0.2 });
    expect(flood.offered).toBeGreaterThan(2 * modest.offered);
  });

  test("what does not arrive is lost", async () => {
    await datagrams.trial({ payloads: [18], ratePerSecond: 1000, seconds: 0.05 });
    await ipBatch(["link set eth0 down"], pair.containers[1].netns);
    const trial = await datagrams.trial({ payloads: [18], ratePerSecond: 1000, seconds: 0.1 });
    expect(trial.lossRatio).toBe(1);
    expect(trial.delivered).toBe(0);
  });

  test("pings come as fast as replies, as many as asked for or as there is time for", async () => {
    const [from, to] = pair.containers;
    expect((await pingAdaptive(from.netns, to.ip4, 500, 10)).times).toHaveLength(500);
    const bounded = await pingAdaptive(from.netns, to.ip4, 100_000_000, 1);
    expect(bounded.times.length).toBeGreaterThan(500);
    await expect(pingAdaptive(from.netns, "10.0.0.99", 1, 1)).rejects.toThrow("no reply");
  });
});

describeNetns("wires", ["ethtool", "iperf3", "tcpdump"], () => {
  const largest = async (suite: Suite, wire: Wire) => {
    const { stood, close } = await standAll([linux], suite, wire, MTU);
    await close();
    return stood[0].largestFrame;
  };

  test.each(WIRES)("$name", async (wire) => {
    const bytes = await largest(core, wire);
    if (wire.name === "whole") expect(bytes).toBeGreaterThan(frameMax(MTU));
    else expect(bytes).toBe(frameMax(MTU));
  });
});
