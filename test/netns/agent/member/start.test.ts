// A cluster of two hosts, from the flags to frames: `weft up`, `weft join`, a network, a namespace on each.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../../lab/cluster.ts";
import { run } from "../../../../lab/command.ts";
import { Lab } from "../../../../lab/lab.ts";
import { total } from "../../../../lab/metrics.ts";
import { underlay } from "../../../../lab/topology.ts";
import { ping } from "../../../../lab/traffic/ping.ts";
import { eventually } from "../../../../lab/wait.ts";
import { describeNetns } from "../../needs.ts";

for (const family of [4, 6] as const) {
  describeNetns(`a cluster over IPv${family}`, ["nft"], () => {
    let lab: Lab;
    let cluster: Cluster;
    const places: string[] = [];
    beforeAll(async () => {
      lab = await Lab.open();
      cluster = await startCluster(await underlay(lab, ["a", "b"]), { family });
      for (const name of ["x", "y"]) places.push(await lab.namespace(name));
      await cluster.manager.weft("network", "create", "--ipv6", "--subnet", "10.1.0.0/24", "--subnet", "10.1.1.0/24", "blue");
    });
    afterAll(() => lab?.close());

    const connect = async (member: number, ...more: string[]) => {
      await cluster.members[member].weft("network", "connect", ...more, "blue", `netns:/run/netns/${places[member]}`);
      const [link] = JSON.parse(await run(["ip", "-json", "-n", places[member], "address", "show", "eth0"])) as {
        addr_info: { local: string; scope: string }[];
      }[];
      return link.addr_info.filter(({ scope }) => scope === "global").map(({ local }) => local);
    };

    test("namespaces on both hosts reach each other, in both families, and in two subnets", async () => {
      await connect(0);
      const [four, six] = await connect(1, "--ip", "10.1.1.9");
      expect(four).toBe("10.1.1.9");
      for (const address of [four, six]) {
        await eventually(`${address} to be reached`, async () => (await ping(places[0], address, { count: 1 })).received === 1);
        const { sent, received } = await ping(places[0], address, { count: 5, atOnce: true });
        expect(received).toBe(sent);
      }
    });

    test("the metrics say that nothing is wrong, and nobody is suspended", async () => {
      for (const member of cluster.members) {
        const metrics = await member.metrics();
        expect(total(metrics, "weft_reconcile_drift")).toBe(0);
        expect(total(metrics, "weft_control_failures")).toBe(0);
        expect(total(metrics, "weft_dropped_frames_total", { reason: "vtep_suspended" })).toBe(0);
      }
    });

    test("probes go between the hosts", async () => {
      await eventually("a round trip", async () => {
        const text = await cluster.manager.weft("node", "ls");
        return /reachable.* ms/.test(text);
      });
    });

    test("disconnected, an interface is gone and its entry with it", async () => {
      await cluster.members[1].weft("network", "disconnect", "blue", `netns:/run/netns/${places[1]}`);
      expect(await run(["ip", "-br", "-n", places[1], "link"])).not.toContain("eth0");
      const remote = async () => {
        const fdb = await cluster.manager.json<{ vtep: string | null }[]>("fdb", "show", "--network", "blue", "--format", "json");
        return fdb.filter(({ vtep }) => vtep !== null);
      };
      await eventually("host a to forget it", async () => (await remote()).length === 0);
    });
  });
}
