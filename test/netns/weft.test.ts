// weft at both ends: the basic contract over both underlays, on a jumbo underlay, with several workers, and between two containers of one host.

import { afterAll, beforeAll, expect, test } from "vitest";
import { portFor, startAgent } from "../../lab/agent.ts";
import { capture, fields } from "../../lab/capture.ts";
import { Lab } from "../../lab/lab.ts";
import { total } from "../../lab/metrics.ts";
import { container, type Host, underlay } from "../../lab/topology.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { makeFile, sendFile } from "../../lab/traffic/transfer.ts";
import { EXCHANGE_PROGRAMS, exchanges } from "./exchange.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openPair, type Pair, type PairOptions, reachable, settledBooks, VNI } from "./pair.ts";

const PAIRS: (PairOptions & { name: string })[] = [
  { name: "weft and weft over IPv4", left: "weft", right: "weft" },
  { name: "weft and weft over IPv6", left: "weft", right: "weft", family: 6 },
  { name: "weft and weft over a jumbo underlay", left: "weft", right: "weft", mtu: 9000 },
  { name: "weft and weft with two workers each", left: "weft", right: "weft", agent: { workers: 2 } },
  { name: "weft and weft without offloads on the underlay", left: "weft", right: "weft", offloads: false },
];

for (const { name, ...options } of PAIRS) {
  describeNetns(name, [...EXCHANGE_PROGRAMS, "ethtool"], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair(options);
    });
    afterAll(() => closePair(pair));
    exchanges(() => pair);

    test("nothing was dropped but what came while a port was not up yet", async () => {
      for (const agent of pair.agents) {
        const { port_down: _, ...dropped } = (await settledBooks(agent)).networks[NETWORK].dropped;
        expect(dropped).toEqual({});
      }
    });

    test("the largest packet goes through whole, and none larger", async () => {
      const [left, right] = pair.containers;
      const mtu = (options.mtu ?? 1500) - (options.family === 6 ? 70 : 50);
      const whole = await ping(left.netns, right.ip4, { count: 2, size: mtu - 28, flags: ["-M", "do"] });
      expect(whole.received).toBe(2);
      const larger = await ping(left.netns, right.ip4, { count: 1, size: mtu - 27, flags: ["-M", "do"], waitSeconds: 1 });
      expect(larger.received).toBe(0);
      expect(larger.output).toContain(`mtu=${mtu}`);
    });
  });
}

describeNetns("superframes", [], () => {
  test("a file leaves in far fewer sends than frames", async () => {
    const pair = await openPair({ left: "weft", right: "weft" });
    const [agent] = pair.agents;
    const [left, right] = pair.containers;
    const before = await agent.metrics();
    const file = makeFile(pair.lab, "file", 64 << 20);
    const { same } = await sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip4 }, file.path);
    expect(same).toBe(true);
    const after = await agent.metrics();
    const grown = (name: string, labels: Record<string, string>) => total(after, name, labels) - total(before, name, labels);
    const frames = grown("weft_frames_total", { direction: "sent" });
    expect(frames).toBeGreaterThan((64 << 20) / 1500);
    expect(frames / grown("weft_worker_messages_total", { operation: "send" })).toBeGreaterThan(8);
    await closePair(pair);
  });
});

describeNetns("two containers of one host", [...EXCHANGE_PROGRAMS, "tcpdump", "tshark"], () => {
  let pair: Pair;
  beforeAll(async () => {
    const lab = await Lab.open();
    const hosts = (await underlay(lab, ["a", "b"])) as [Host, Host];
    const containers = [await container(lab, "left", 1), await container(lab, "right", 2)] as Pair["containers"];
    const agent = await startAgent(hosts[0], {
      networks: [{ name: NETWORK, vni: VNI, peers: [hosts[1].ip4], ports: containers.map(portFor) }],
    });
    pair = { lab, hosts, containers, family: 4, agents: [agent], router: null };
    await reachable(containers[0], containers[1].ip4);
  });
  afterAll(() => closePair(pair));
  exchanges(() => pair);

  test("their frames stay on the host", async () => {
    const { lab, hosts, containers } = pair;
    const wire = await capture(lab, hosts[0].netns, hosts[0].device, "udp dst port 4789");
    await ping(containers[0].netns, containers[1].ip4, { count: 5, intervalSeconds: 0.02 });
    expect(await fields(await wire.stop(), ["frame.number"], "icmp.type == 8 && vxlan")).toEqual([]);
  });
});
