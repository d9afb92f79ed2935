// A container that passes packets on from one network to another of a smaller MTU, as routers do: superframes that reach it whole (a veth cuts none) must
// not seem to have larger segments than their sender made.

import { expect, test } from "vitest";
import { portFor, startAgent } from "../../lab/agent.ts";
import { ipBatch } from "../../lab/command.ts";
import { Lab } from "../../lab/lab.ts";
import { container, setSysctl, underlay } from "../../lab/topology.ts";
import { makeFile, sendFile } from "../../lab/traffic/transfer.ts";
import { injectedSoFar, needTunnelGso, superframesGo } from "./injecting.ts";
import { describeNetns } from "./needs.ts";
import { expectBalanced, NETWORK, reachable, VNI } from "./pair.ts";

const FILE_BYTES = 8 << 20;
const NARROW = 1350;

needTunnelGso(describeNetns, "TCP through a container to a narrower network, with injection", [], () => {
  test("comes through, both ways", async () => {
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b"]);
    const [left, router, right] = [await container(lab, "left", 1), await container(lab, "router", 2), await container(lab, "right", 3)];
    const far = { ...portFor(right), address: "10.0.1.3/24" };
    const farSide = { ...portFor(router), interface: "eth1", mac: "02:42:0a:00:01:02", address: "10.0.1.2/24" };
    const networks = (other: number, ports: ReturnType<typeof portFor>[], farPorts: ReturnType<typeof portFor>[]) => [
      { name: NETWORK, vni: VNI, peers: [hosts[other].ip4], ports },
      { name: "far", vni: VNI + 1, mtu: NARROW, peers: [hosts[other].ip4], ports: farPorts },
    ];
    const agents = [
      await startAgent(hosts[0], { injection: "on", networks: networks(1, [portFor(left)], [far]) }),
      await startAgent(hosts[1], { injection: "on", networks: networks(0, [portFor(router)], [farSide]) }),
    ];
    await setSysctl(router.netns, "net.ipv4.ip_forward", "1");
    await ipBatch([`route add default via ${router.ip4}`], left.netns);
    await ipBatch(["route add default via 10.0.1.2"], right.netns);
    await reachable(left, "10.0.1.3");
    for (const agent of agents) await superframesGo(agent, "injected");
    const file = makeFile(lab, "file", FILE_BYTES);
    for (const [from, to, address] of [
      [left, right, "10.0.1.3"],
      [right, left, left.ip4],
    ] as const) {
      const result = await sendFile(lab, { from: from.netns, to: to.netns, address }, file.path);
      expect(result).toMatchObject({ bytes: FILE_BYTES, receivedSha256: file.sha256 });
    }
    expect(await injectedSoFar(hosts[0].netns)).toBeGreaterThan(0);
    await expectBalanced(agents);
  });
});
