// Clocks that are wrong by an hour, either way, on a node or on the manager, and one that is set while it runs: who joins, lives and is known by a
// certificate does not depend on them, and how fast changes come is told right. And one that is wrong by longer than certificates last.

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Clock } from "../../../lab/clock.ts";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { type Host, underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { metricsOf, type Placed, place, remove, statusOf, timeToReach } from "./containers.ts";

const NETWORK = "blue";
const HOUR_MS = 3_600_000;
const REACHED_MS = 10_000;
/** A lease of 4 s, a sweep each second, and a machine that is busy. */
const DOWN_MS = 12_000;
/** Longer than a lease lasts without being kept, by any clock. */
const LEASES_MS = 6000;
/** Nodes ask for the manager's clock each 10 s. */
const ASKED_MS = 12_000;
/** The mean time in which an endpoint comes to others, on a machine that is busy: no hour is in it. */
const CONVERGED_SECONDS = 2;
/** A second until the clock is looked at, a new connection, a lease, on a machine that is busy. */
const HEALED_MS = 30_000;
const TEST_MS = 180_000;

describeNetns("clocks that are wrong", ["faketime", "socat"], () => {
  test.concurrent("by an hour on nodes, either way", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const cluster = await clusterWith(await underlay(lab, ["a", "b", "c"]), ["+0", "+1h", "-1h"]);
    const [a, , c] = cluster.members;
    await expectSound(cluster.members);
    const before = a.daemon.stderr.length;
    await eventually("leases to have had their time", aWhile(LEASES_MS), LEASES_MS * 2);
    expect(a.daemon.stderr.slice(before)).not.toContain("node died");
    await expectDeathNoticed(a, c, await place(a, "last-a", NETWORK), await place(c, "last-c", NETWORK));
  });

  test.concurrent("by an hour on the manager, and set two hours back while it runs", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b", "c"]);
    const clock = new Clock(lab, "a", "+1h");
    const cluster = await clusterWith(hosts, [clock, "+0", "-1h"]);
    const [a] = cluster.members;
    await expectSound(cluster.members);
    const before = a.daemon.stderr.length;
    clock.set("-1h");
    await eventually("leases to have had their time, and nodes to have asked", aWhile(ASKED_MS), ASKED_MS * 2);
    expect(a.daemon.stderr.slice(before)).not.toContain("node died");
    await a.stop();
    await a.start();
    await expectSound(cluster.members);
  });

  test.concurrent("on a worker, 40 days ahead when it starts again: it forwards by its last plan, and comes back when its clock is right", {
    timeout: TEST_MS,
  }, async () => {
    await using lab = await Lab.open();
    const clock = new Clock(lab, "b", "+0");
    const { members } = await clusterWith(await underlay(lab, ["a", "b"]), ["+0", clock]);
    const [a, b] = members;
    const containers = [await place(a, "far-a", NETWORK), await place(b, "far-b", NETWORK)];
    await timeToReach(containers[0], containers[1], REACHED_MS);
    await b.stop();
    clock.set("+40d");
    const why = "no manager answers \\(tried 10\\.99\\.0\\.1:2377\\): its certificate has expired, or this host's clock is wrong";
    expect(await b.start()).toMatch(new RegExp(`^weft ready \\(degraded: ${why}\\) node=b `));
    expect(b.daemon.stderr).toContain(
      "the certificate is not valid, or this host's clock is wrong, and there is no other yet: tried again",
    );
    await timeToReach(containers[0], containers[1], REACHED_MS);
    clock.set("+0");
    await eventually("b to hear of the cluster", () => b.daemon.stderr.includes("the cluster's state is heard"), HEALED_MS);
    await eventually("b to be ready", async () => (await statusOf(a, "b")) === "ready", DOWN_MS);
    const later = await place(a, "later-a", NETWORK);
    await timeToReach(containers[1], later, REACHED_MS);
    for (const container of [...containers, later]) await remove(container);
  });
});

/** Agents with a clock each: an offset, or one that the test sets. The first is the manager. */
async function clusterWith(hosts: readonly Host[], clocks: readonly (string | Clock)[]): Promise<Cluster> {
  const wrappers = clocks.map((clock, n) => (typeof clock === "string" ? new Clock(hosts[n].lab, hosts[n].name, clock) : clock).wrapper);
  const cluster = await startCluster(hosts.slice(0, 1), { wrapper: wrappers[0] });
  const joining = [];
  for (const [n, host] of hosts.entries()) if (n > 0) joining.push(await cluster.newMember(host, { wrapper: wrappers[n] }));
  await Promise.all(joining.map((member) => member.start()));
  await cluster.manager.weft("network", "create", NETWORK);
  return cluster;
}

let count = 0;

async function expectSound(members: readonly Member[]): Promise<void> {
  const [a, , c] = members;
  for (const member of members) await eventually("all to be ready", async () => (await statusOf(a, member.host.name)) === "ready", DOWN_MS);
  const log = a.daemon.stderr.length;
  const before = await Promise.all(members.map(convergence));
  const containers: Placed[] = [];
  for (const member of members) containers.push(await place(member, `c${count++}`, NETWORK));
  for (const from of containers) for (const to of containers) if (from !== to) await timeToReach(from, to, REACHED_MS);
  const more = [await place(c, `c${count++}`, NETWORK), await place(a, `c${count++}`, NETWORK)];
  for (const to of more) await timeToReach(containers[1], to, REACHED_MS);
  for (const [n, member] of members.entries()) {
    const { seconds, endpoints } = await eventually("endpoints to be counted", async () => {
      const now = await convergence(member);
      const heard = now.endpoints - before[n].endpoints;
      return heard > 0 && { endpoints: heard, seconds: now.seconds - before[n].seconds };
    });
    expect(seconds / endpoints, `mean convergence on ${member.host.name}`).toBeLessThan(CONVERGED_SECONDS);
  }
  expect(a.daemon.stderr.slice(log)).not.toContain("node died");
  // Good from the day before, by whichever clock it was made.
  for (const { stateDir } of members) {
    const { validFromDate } = new X509Certificate(readFileSync(join(stateDir, "cert.pem")));
    expect(Date.now() - validFromDate.getTime()).toBeGreaterThan(22 * HOUR_MS);
  }
  for (const container of [...containers, ...more]) await remove(container);
}

/** A node that dies is found so, and comes back, whatever its clock says. */
async function expectDeathNoticed(a: Member, c: Member, from: Placed, to: Placed): Promise<void> {
  await c.kill();
  await eventually("it to be down", async () => (await statusOf(a, c.host.name)) === "down", DOWN_MS);
  await c.start();
  await timeToReach(from, to, REACHED_MS);
  await eventually("it to be ready", async () => (await statusOf(a, c.host.name)) === "ready", DOWN_MS);
}

async function convergence(member: Member): Promise<{ endpoints: number; seconds: number }> {
  const samples = await metricsOf(member);
  return { endpoints: total(samples, "weft_convergence_seconds_count"), seconds: total(samples, "weft_convergence_seconds_sum") };
}

function aWhile(ms: number): () => boolean {
  const begin = performance.now();
  return () => performance.now() - begin >= ms;
}
