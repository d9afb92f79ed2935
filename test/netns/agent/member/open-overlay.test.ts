// A member that starts while no manager answers: it forwards what it forwarded last. And what its flags make of its data path.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../../lab/cluster.ts";
import { Lab } from "../../../../lab/lab.ts";
import { underlay } from "../../../../lab/topology.ts";
import { ping } from "../../../../lab/traffic/ping.ts";
import { eventually } from "../../../../lab/wait.ts";
import { injectionObstacle } from "../../injecting.ts";
import { describeNetns } from "../../needs.ts";

describeNetns("a start without a manager", ["nft"], () => {
  let lab: Lab;
  let cluster: Cluster;
  const places: string[] = [];
  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b", "c"]));
    await cluster.manager.weft("network", "create", "blue");
    for (const [i, member] of cluster.members.entries()) {
      places.push(await lab.namespace(`x${i}`));
      await member.weft("network", "connect", "blue", `netns:/run/netns/${places[i]}`);
    }
    await eventually("b to reach c", async () => (await ping(places[1], "10.0.0.4", { count: 1 })).received === 1);
    // What is to be found again is on the disk once the agent has ended.
    await cluster.members[1].stop();
    await cluster.members[0].kill();
  });
  afterAll(() => lab?.close());

  test("says so in its ready line, and why", async () => {
    expect(await cluster.members[1].start()).toMatch(/^weft ready \(degraded: no manager answers \(tried 10\.99\.0\.1:2377\).*\) node=b /);
  });

  test("and forwards as before", async () => {
    await eventually("b to reach c again", async () => (await ping(places[1], "10.0.0.4", { count: 1 })).received === 1);
    const fdb = await cluster.members[1].json<{ vtep: string | null }[]>("fdb", "show", "--network", "blue", "--format", "json");
    expect(
      fdb
        .map(({ vtep }) => vtep)
        .filter((vtep) => vtep !== null)
        .sort(),
    ).toEqual(["10.99.0.1", "10.99.0.3"]);
  });

  test("what needs a manager is refused in a line", async () => {
    const { code, stderr } = await cluster.members[1].attempt("network", "create", "red");
    expect(code).toBe(1);
    expect(stderr.trim()).toMatch(/^no manager answers \(tried 10\.99\.0\.1:2377\)/);
  });

  test("and is done once there is one again", async () => {
    await cluster.members[0].start();
    await eventually("a network to be made", async () => (await cluster.members[1].attempt("network", "create", "red")).code === 0, 20_000);
    await eventually("all to reach all", async () => (await ping(places[1], "10.0.0.2", { count: 1 })).received === 1);
  });
});

describeNetns("injection", [], () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab?.close());

  test("is what the host's flag says", async ({ skip }) => {
    const why = injectionObstacle();
    skip(why !== null, why ?? "");
    const hosts = await underlay(lab, ["a", "b"]);
    const cluster = await startCluster([hosts[0]]);
    const b = await cluster.newMember(hosts[1], { flags: ["--injection", "off"] });
    await b.start();
    const way = async (member = cluster.manager) =>
      (await member.json<{ superframes: string }[]>("vtep", "show", "--format", "json")).map(({ superframes }) => superframes).join();
    await eventually("a to inject", async () => (await way()) === "injected", 20_000);
    expect(await way(b)).toBe("sockets");
  });
});
