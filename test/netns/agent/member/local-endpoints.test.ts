import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../../lab/cluster.ts";
import { Lab } from "../../../../lab/lab.ts";
import { underlay } from "../../../../lab/topology.ts";
import { eventually } from "../../../../lab/wait.ts";
import { describeNetns } from "../../needs.ts";

const SETTLED_MS = 15_000;

describeNetns("endpoints of a host", ["nft"], () => {
  let lab: Lab;
  let cluster: Cluster;
  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b"]));
    await cluster.manager.weft("network", "create", "blue");
  });
  afterAll(() => lab?.close());

  const inUse = async () => {
    const [network] = await cluster.manager.json<{ Containers: Record<string, unknown> }[]>("network", "inspect", "blue");
    return Object.keys(network.Containers).length;
  };

  test("one whose namespace is removed is let go by itself", async () => {
    const place = await lab.namespace("x");
    await cluster.members[1].weft("network", "connect", "blue", `netns:/run/netns/${place}`);
    expect(await inUse()).toBe(1);
    await lab.removeNamespace(place);
    await eventually("its address to be free", async () => (await inUse()) === 0, SETTLED_MS);
  });

  test("one whose namespace went while the agent was away, too", async () => {
    const place = await lab.namespace("y");
    const [, b] = cluster.members;
    await b.weft("network", "connect", "blue", `netns:/run/netns/${place}`);
    await b.kill();
    await lab.removeNamespace(place);
    await b.start();
    await eventually("its address to be free", async () => (await inUse()) === 0, SETTLED_MS);
  });
});
