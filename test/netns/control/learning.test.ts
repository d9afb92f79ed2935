// A path that carries less than the underlay's MTU: the VTEP's MTU falls with the first send that the kernel refuses, the container is told by
// ICMP, other VTEPs are left alone. Addresses: test/contract/control/learning.test.ts.

import { afterAll, beforeAll, expect, test } from "vitest";
import { portFor } from "../../../lab/agent.ts";
import { ipBatch, run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { addressOf, type Container, container, type Family, type Host, underlay } from "../../../lab/topology.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { eventually } from "../../../lab/wait.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { NETWORK, reachable, VNI } from "../pair.ts";

const NARROW = 1400;
const NARROWER = 1300;
const ECHO_BYTES = 28;

for (const backend of ["native", "dgram"] as const) {
  for (const family of [4, 6] as Family[]) {
    describeNetns(`a narrow path, IPv${family} underlay, ${backend}`, [], () => {
      let lab: Lab;
      let hosts: Host[];
      let inside: Container[];
      let agents: Inside[];
      const overhead = family === 4 ? 50 : 70;

      beforeAll(async () => {
        lab = await Lab.open();
        hosts = await underlay(lab, ["a", "b", "c"]);
        inside = [];
        for (const [i, name] of ["left", "right", "third"].entries()) inside.push(await container(lab, name, i + 1));
        agents = await Promise.all(
          hosts.map((host, i) => {
            const peers = hosts.filter((other) => other !== host).map((other) => addressOf(other, family));
            const networks = [{ name: NETWORK, vni: VNI, peers, ports: [portFor(inside[i])] }];
            return Inside.start(host, { family, backend, networks });
          }),
        );
        await reachable(inside[0], inside[1].ip4);
        await reachable(inside[0], inside[2].ip4);
      });
      afterAll(async () => {
        try {
          for (const agent of agents) {
            for (const { came, went } of Object.values((await agent.settledBooks()).networks)) expect(went).toBe(came);
          }
        } finally {
          await lab?.close();
        }
      });

      const narrow = (mtu: number) => {
        const [here, there] = [0, 1].map((i) => addressOf(hosts[i], family));
        return ipBatch([`route replace ${there}/${family === 4 ? 32 : 128} dev eth0 src ${here} mtu lock ${mtu}`], hosts[0].netns);
      };
      /** MTUs of the VTEPs of b and c, as the core reads them. */
      const mtus = () => agents[0].run(({ agent, abi }) => [1, 2].map((index) => agent.plane.entries.vtep(index)[abi.V_MTU / 4]));
      /** One packet that fits the underlay, but not the narrow path. */
      const full = (to: Container) =>
        ping(inside[0].netns, to.ip4, { count: 1, waitSeconds: 1, size: 1500 - overhead - ECHO_BYTES, flags: ["-M", "do"] });

      test("lowers the MTU of its VTEP alone", async () => {
        expect(await mtus()).toEqual([1500 - overhead, 1500 - overhead]);
        await narrow(NARROW);
        await full(inside[1]);
        await eventually("the VTEP's MTU", async () => (await mtus())[0] === NARROW - overhead);
        expect(await mtus()).toEqual([NARROW - overhead, 1500 - overhead]);
        expect(await agents[0].logged("the path carries less: inner MTU lowered")).toMatchObject({
          vtep: addressOf(hosts[1], family),
          mtu: NARROW - overhead,
        });
        expect((await full(inside[2])).received).toBe(1);
      });

      test("tells the container what fits, and what fits goes through", async () => {
        const { output } = await full(inside[1]);
        expect(output).toMatch(new RegExp(`mtu ?= ?${NARROW - overhead}`));
        const route = await run(["ip", "route", "get", inside[1].ip4], { netns: inside[0].netns });
        expect(route).toContain(`mtu ${NARROW - overhead}`);
        const fitting = await ping(inside[0].netns, inside[1].ip4, { count: 2, size: NARROW - overhead - ECHO_BYTES, flags: ["-M", "do"] });
        expect(fitting.received).toBe(2);
      });

      test("that becomes narrower still is followed", async () => {
        await narrow(NARROWER);
        await ping(inside[0].netns, inside[1].ip4, { count: 1, waitSeconds: 1, size: NARROW - overhead - ECHO_BYTES, flags: ["-M", "do"] });
        await eventually("the VTEP's MTU", async () => (await mtus())[0] === NARROWER - overhead);
        expect((await agents[0].settledBooks()).networks[NETWORK].dropped.pkt_too_big).toBeGreaterThan(0);
      });
    });
  }
}
