// Packets too large for the path: the container that sent one is told by ICMP, as the kernel's own tunnels do for bridged traffic, also when the
// path narrows while traffic is on it.

import { afterAll, beforeAll, expect, test } from "vitest";
import { ipBatch, run } from "../../lab/command.ts";
import { total } from "../../lab/metrics.ts";
import { addressOf, type Family } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { makeFile, sendFile } from "../../lab/traffic/transfer.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openPair, type Pair, settledBooks } from "./pair.ts";

const FILE_BYTES = 16 << 20;
const WIDE = 1500;
const NARROW = 1400;
const ECHO_4 = 28;
const ECHO_6 = 48;
const overhead = (family: Family) => (family === 4 ? 50 : 70);

for (const family of [4, 6] as Family[]) {
  describeNetns(`a path that narrows in the middle, IPv${family} underlay`, [], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair({ left: "weft", right: "weft", family, routed: true, mtu: WIDE });
    });
    afterAll(() => closePair(pair));

    test("carries the full size while it is wide", async () => {
      const [left, right] = pair.containers;
      const result = await ping(left.netns, right.ip4, { count: 2, size: WIDE - overhead(family) - ECHO_4, flags: ["-M", "do"] });
      expect(result.received).toBe(2);
    });

    test("tells IPv4 and IPv6 senders what still fits once it is narrow", async () => {
      const [left, right] = pair.containers;
      await ipBatch([`link set r1 mtu ${NARROW}`], pair.router ?? undefined);
      const mtu = NARROW - overhead(family);
      const told4 = async () => {
        const { output } = await ping(left.netns, right.ip4, {
          count: 2,
          size: WIDE - overhead(family) - ECHO_4,
          flags: ["-M", "do"],
          waitSeconds: 1,
        });
        return output.includes(`mtu = ${mtu}`) || output.includes(`mtu=${mtu}`);
      };
      await eventually("ICMP fragmentation needed", told4, 20_000);
      await ping(left.netns, right.ip6, { count: 2, size: WIDE - overhead(family) - ECHO_6, flags: ["-M", "do"], waitSeconds: 1 });
      const route = await run(["ip", "-6", "route", "get", right.ip6], { netns: left.netns });
      expect(route).toContain(`mtu ${mtu}`);
      expect((await settledBooks(pair.agents[0])).networks[NETWORK].dropped.pkt_too_big).toBeGreaterThan(0);
    });

    test.each([4, 6])("still carries files over IPv%i, both ways", async (inner) => {
      const [left, right] = pair.containers;
      for (const [from, to] of [
        [left, right],
        [right, left],
      ]) {
        const file = makeFile(pair.lab, "file", FILE_BYTES, inner);
        const result = await sendFile(pair.lab, { from: from.netns, to: to.netns, address: inner === 4 ? to.ip4 : to.ip6 }, file.path);
        expect(result.receivedSha256).toBe(file.sha256);
      }
    });
  });

  describeNetns(`a path that narrows under a TCP connection, IPv${family} underlay`, [], () => {
    test("the connection goes on", async () => {
      const pair = await openPair({ left: "weft", right: "weft", family, routed: true, mtu: WIDE });
      const [left, right] = pair.containers;
      const file = makeFile(pair.lab, "file", 256 << 20);
      const transfer = sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip4 }, file.path);
      await eventually("the transfer to be under way", async () => (await framesSent(pair)) > (32 << 20) / WIDE);
      await ipBatch([`link set r1 mtu ${NARROW}`], pair.router ?? undefined);
      expect((await transfer).receivedSha256).toBe(file.sha256);
      await closePair(pair);
    });
  });
}

describeNetns("a route whose MTU is small from the start", [], () => {
  test("the sender is told at its first large packet", async () => {
    const pair = await openPair({ left: "weft", right: "weft" });
    const [host, other] = pair.hosts;
    await ipBatch([`route add ${addressOf(other, 4)}/32 dev ${host.device} src ${host.ip4} mtu ${NARROW}`], host.netns);
    const [left, right] = pair.containers;
    const told = async () => {
      const { output } = await ping(left.netns, right.ip4, { count: 2, size: 1400, flags: ["-M", "do"], waitSeconds: 1 });
      return /mtu ?= ?1350/.test(output);
    };
    await eventually("ICMP fragmentation needed", told);
    const file = makeFile(pair.lab, "file", FILE_BYTES);
    const result = await sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip6 }, file.path);
    expect(result.receivedSha256).toBe(file.sha256);
    await closePair(pair);
  });
});

/** Frames that the left agent has sent so far. */
async function framesSent(pair: Pair): Promise<number> {
  return total(await pair.agents[0].metrics(), "weft_frames_total", { network: NETWORK, direction: "sent" });
}
