// The lab itself, proved on ends that are known to be right: what the other files ask of weft holds between two Linux vxlan devices, and between
// Linux and Open vSwitch; tshark finds nothing wrong with them; and nothing is left when a lab closes.

import { afterAll, beforeAll, expect, test } from "vitest";
import { capture, complaints, fields } from "../../lab/capture.ts";
import { attempt, run } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { makeFile, sendFile } from "../../lab/traffic/transfer.ts";
import { EXCHANGE_PROGRAMS, exchanges } from "./exchange.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair, type PairOptions, VNI } from "./pair.ts";

const PAIRS: (PairOptions & { name: string; programs?: string[] })[] = [
  { name: "Linux and Linux over IPv4", left: "linux", right: "linux", flags: ["udpcsum"] },
  { name: "Linux and Linux over IPv6", left: "linux", right: "linux", family: 6 },
  {
    name: "Linux and Open vSwitch",
    left: "linux",
    right: "openvswitch",
    programs: ["ovs-vswitchd", "ethtool"],
    offloads: false,
    flags: ["udpcsum"],
  },
];

for (const { name, programs, ...options } of PAIRS) {
  describeNetns(name, [...EXCHANGE_PROGRAMS, ...(programs ?? [])], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair(options);
    });
    afterAll(() => closePair(pair));
    // Open vSwitch's user-space datapath has packet sockets with room for little.
    exchanges(() => pair, { deep: options.right !== "openvswitch" });
  });
}

describeNetns("the decoder", ["tshark", "tcpdump", "ethtool"], () => {
  test("tshark reads a capture of Linux's own VXLAN without a complaint", async () => {
    const pair = await openPair({ left: "linux", right: "linux", offloads: false, flags: ["udpcsum"] });
    const { lab, hosts, containers } = pair;
    const underlay = await capture(lab, hosts[0].netns, hosts[0].device, "udp port 4789");
    await ping(containers[0].netns, containers[1].ip4, { count: 3 });
    const route = { from: containers[0].netns, to: containers[1].netns, address: containers[1].ip6 };
    await sendFile(lab, route, makeFile(lab, "file", 1 << 20).path);
    const file = await underlay.stop();
    expect(await complaints(file)).toEqual([]);
    const rows = await fields(file, ["vxlan.vni", "icmp.type"], "icmp");
    expect(rows.map((row) => row["vxlan.vni"])).toEqual(Array(6).fill([`${VNI}`]));
    await closePair(pair);
  });
});

describeNetns("what a lab leaves", [], () => {
  test("a closed lab leaves nothing", async () => {
    const pair = await openPair({ left: "linux", right: "linux" });
    const { prefix, directory } = pair.lab;
    await closePair(pair);
    expect(await run(["ip", "netns", "list"])).not.toContain(prefix);
    await expect(run(["ls", directory])).rejects.toThrow(/No such file/);
  });

  test("a lab removes what a killed one left", async () => {
    const script = `import { Lab } from ${JSON.stringify(new URL("../../lab/lab.ts", import.meta.url).href)};
      const lab = await Lab.open(); await lab.namespace("x"); console.log(lab.prefix); process.kill(process.pid, "SIGKILL");`;
    const { stdout } = await attempt([process.execPath, "--input-type=module", "-e", script]);
    const prefix = stdout.trim();
    expect(prefix).toMatch(/^wt\d+l0$/);
    expect(await run(["ip", "netns", "list"])).toContain(`${prefix}-x`);
    const lab = await Lab.open();
    expect(await run(["ip", "netns", "list"])).not.toContain(`${prefix}-x`);
    await lab.close();
  });
});
