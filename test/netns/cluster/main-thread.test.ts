// An agent's main thread that does not run for six seconds, on a worker and on the manager: the lease ends meanwhile, and the cluster takes the node for down;
// but its workers forward and its probes are answered, so its containers' traffic goes on, both ways.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { droppedAsSuspended, metricsOf, type Placed, place, reaches, statusOf } from "./containers.ts";
import { longestGap, startPinging } from "./pinging.ts";

const HOLD = fileURLToPath(new URL("../programs/hold-thread.ts", import.meta.url));
/** Longer than a lease, by what its end takes to be heard of. */
const HOLD_MS = 6000;
const PING_MS = 20;
/** What traffic may wait on a machine that is busy with other programs. */
const PAUSE_MS_MAX = 1500;

describeNetns("three hosts", ["nsenter"], () => {
  let lab: Lab;
  let cluster: Cluster;
  let containers: Placed[];
  beforeAll(async () => {
    lab = await Lab.open();
    cluster = await startCluster(await underlay(lab, ["a", "b", "c"]), { flags: ["--workers", "1"] });
    await cluster.manager.weft("network", "create", "blue");
    containers = await Promise.all(cluster.members.map((member) => place(member, `on-${member.host.name}`, "blue")));
    for (const from of containers)
      for (const to of containers) await eventually(`${from.name} to reach ${to.name}`, () => reaches(from, to));
  });
  afterAll(() => lab?.close());

  /** Of each, that it suspects; and what it dropped for that. */
  const suspicions = (members: readonly Member[]) =>
    Promise.all(members.map(async (member) => [total(await metricsOf(member), "weft_peer_suspect"), await droppedAsSuspended(member)]));

  test.each([
    ["worker", 1],
    ["manager", 0],
  ])("the main thread of a %s does nothing for 6 s", async (role, held) => {
    const member = cluster.members[held];
    const others = cluster.members.filter((other) => other !== member);
    const before = await suspicions(others);
    const pings = containers.flatMap((from) => containers.filter((to) => to !== from).map((to) => startPinging(lab, from, to, PING_MS)));
    await eventually("the first pings", async () => reaches(containers[0], containers[1]));
    const begin = Date.now();
    const holder = lab.spawn([process.execPath, "--disable-warning=ExperimentalWarning", HOLD, String(member.daemon.pid), String(HOLD_MS)]);
    await holder.waitFor(/^holding$/m);
    // Nobody hears from a manager that it is down: it is who would say so.
    if (role === "worker")
      await eventually("its lease to end", async () => (await statusOf(others[0], member.host.name)) === "down", HOLD_MS);
    expect(await suspicions(others)).toEqual(before);
    expect(holder.exit).toBeNull();
    expect((await holder.exited).code).toBe(0);
    await eventually("it to be ready", async () => (await statusOf(member, member.host.name)) === "ready");
    const end = Date.now();
    expect(end - begin).toBeGreaterThanOrEqual(HOLD_MS);
    for (const { from, to, stop } of pings) {
      const answers = await stop();
      expect(longestGap(answers, begin, end), `from ${from} to ${to}`).toBeLessThan(PAUSE_MS_MAX);
    }
    expect(await suspicions(cluster.members)).toEqual(Array(3).fill([0, 0]));
  });
});
