// The MTU of a VTEP follows what the kernel believes of the path, both ways: without a refused send where superframes are injected, after one
// where they are not.

import { expect, test } from "vitest";
import { portFor } from "../../../lab/agent.ts";
import { ipBatch } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { addressOf, container, type Family, underlay } from "../../../lab/topology.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { eventually } from "../../../lab/wait.ts";
import { needTunnelGso } from "../injecting.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { NETWORK, reachable, VNI } from "../pair.ts";

const NARROW = 1400;

for (const family of [4, 6] as Family[]) {
  needTunnelGso(describeNetns, `path MTU of an injected VTEP, IPv${family}`, [], () => {
    test("falls and rises with the kernel's", async () => {
      await using lab = await Lab.open();
      const hosts = await underlay(lab, ["a", "b"]);
      const inside = [await container(lab, "left", 1), await container(lab, "right", 2)];
      const agents = await Promise.all(
        hosts.map((host, i) => {
          const networks = [{ name: NETWORK, vni: VNI, peers: [addressOf(hosts[1 - i], family)], ports: [portFor(inside[i])] }];
          return Inside.start(host, { family, injection: "on", networks });
        }),
      );
      await reachable(inside[0], inside[1].ip4);
      const row = () => agents[0].run(({ agent, abi }) => [abi.V_MTU, abi.V_INJECT].map((word) => agent.plane.entries.vtep(1)[word / 4]));
      const full = 1500 - (family === 4 ? 50 : 70);
      await eventually("injection", async () => (await row())[1] === 2);
      expect(await row()).toEqual([full, 2]);
      const route = `${addressOf(hosts[1], family)}/${family === 4 ? 32 : 128} dev eth0 src ${addressOf(hosts[0], family)}`;
      await ipBatch([`route replace ${route} mtu lock ${NARROW}`], hosts[0].netns);
      await eventually("the lower MTU", async () => (await row())[0] === full - (1500 - NARROW));
      await eventually("its line in the log", async () => agents[0].log("the path carries less: inner MTU lowered").length === 1);
      await ipBatch([`route del ${route}`], hosts[0].netns);
      await eventually("the full MTU", async () => (await row())[0] === full);
      await eventually(
        "its line in the log",
        async () => agents[0].log("the path carries the full size again: inner MTU raised").length === 1,
      );
    });
  });
}

describeNetns("path MTU of a VTEP that the sockets send to", [], () => {
  test("falls with a refused send, and rises once the kernel says so", async () => {
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b"]);
    const inside = [await container(lab, "left", 1), await container(lab, "right", 2)];
    const [agent] = await Promise.all(
      hosts.map((host, i) => {
        const networks = [{ name: NETWORK, vni: VNI, peers: [hosts[1 - i].ip4], ports: [portFor(inside[i])] }];
        return Inside.start(host, { injection: "off", networks });
      }),
    );
    await reachable(inside[0], inside[1].ip4);
    const mtu = () => agent.run(({ agent, abi }) => agent.plane.entries.vtep(1)[abi.V_MTU / 4]);
    const route = `${hosts[1].ip4}/32 dev eth0 src ${hosts[0].ip4}`;
    await ipBatch([`route replace ${route} mtu lock ${NARROW}`], hosts[0].netns);
    await eventually("the lower MTU", async () => {
      await ping(inside[0].netns, inside[1].ip4, { count: 1, size: 1450 - 28, flags: ["-M", "do"], waitSeconds: 1 });
      return (await mtu()) === NARROW - 50;
    });
    await ipBatch([`route del ${route}`], hosts[0].netns);
    await eventually("the full MTU", async () => (await mtu()) === 1450, 30_000);
  });
});
