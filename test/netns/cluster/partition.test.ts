// Hosts that are cut off from each other: nothing is sent to whom cannot be reached, nothing is forgotten, and it is used again within seconds of
// healing; who can reach each other does not notice; no address is given twice.

import { expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { attempt } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { between, type Cut, partition } from "../../../lab/partition.ts";
import { type Host, underlay } from "../../../lab/topology.ts";
import { type Heartbeat, startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { droppedAsSuspended, type Placed, place, reaches, statusOf, timeToReach, vtepOf } from "./containers.ts";

const NETWORK = "blue";
/** What is back, is back so soon after healing. */
const HEALED_MS = 5000;
const SUSPENDED_MS = 10_000;
/** A lease of 4 s, a sweep each second, and a machine that is busy. */
const DOWN_MS = 12_000;
/** The longest pause of a connection that nothing happened to: three of TCP's tries, on a machine that is busy. */
const NOT_TOUCHED_MS = 2000;
const TEST_MS = 180_000;

describeNetns("partitions", ["nft", "socat"], () => {
  test.concurrent("hosts that are cut off from the manager and the rest, for 10 s", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b", "c", "d"]);
    const { cluster, containers } = await inhabited(hosts);
    const [a, b, c, d] = cluster.members;
    const [onA, onB, onC, onD] = containers;
    const here = await beat(onA, onB);
    const there = await beat(onC, onD);
    const across = await beat(onB, onC);

    const heal = await partition(hosts, between(hosts.slice(0, 2), hosts.slice(2)));
    const cutAt = performance.now();
    for (const gone of [c, d])
      await eventually("it to be down for the others", async () => (await statusOf(b, gone.host.name)) === "down", DOWN_MS);
    await Promise.all([expectSuspended(b, onB, onC), expectSuspended(a, onA, onD), expectSuspended(d, onD, onA)]);
    // What is given out meanwhile is not what those hold that nobody can ask.
    const made = await Promise.all([a, b, a, b].map((member, n) => place(member, `made${n}`, NETWORK)));
    expect(await reaches(made[0], made[1])).toBe(true);
    await eventually("10 s to be over", () => performance.now() - cutAt > 10_000);
    await heal();
    const times = await Promise.all([
      timeToReach(onA, onC, HEALED_MS),
      timeToReach(onC, onB, HEALED_MS),
      timeToReach(onD, onA, HEALED_MS),
      ...[c, d].map((back) => timeUntilReady(a, back)),
      ...made.map((other) => timeToReach(onC, other, HEALED_MS)),
    ]);
    expect(Math.max(...times)).toBeLessThan(HEALED_MS);
    made.push(await place(c, "late", NETWORK));
    const addresses = [...containers, ...made].map(({ ip }) => ip);
    expect(new Set(addresses).size).toBe(addresses.length);
    await expectNotTouched(here);
    await expectNotTouched(there);
    expect(await across.stop()).toMatchObject({ error: null });
  });

  test.concurrent("hosts that cannot reach each other wholly, one way, or with data alone, for 30 s", { timeout: TEST_MS }, async () => {
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b", "c", "d"]);
    const { cluster, containers } = await inhabited(hosts);
    const [a, b, c, d] = cluster.members;
    const [onA, onB, onC, onD] = containers;
    const [hostA, hostB, hostC, hostD] = hosts;
    const whole = [await beat(onA, onB), await beat(onA, onD)];

    const cuts: Cut[] = [
      ...between([hostB], [hostC]),
      ...between([hostC], [hostD], "data"),
      ...between([hostA], [hostD], "control"),
      { from: hostB, to: hostD, what: "all" },
      { from: hostA, to: hostC, what: "data" },
    ];
    const heal = await partition(hosts, cuts);
    const cutAt = performance.now();
    const refused = d.attempt("run", "-d", "--network", NETWORK, "--name", "refused", "--", "sleep", "600");
    // One way is not enough: both ends give up a path that answers do not come back by.
    const cutOff: [Member, Placed, Placed][] = [
      [b, onB, onC],
      [c, onC, onD],
      [b, onB, onD],
      [d, onD, onB],
      [a, onA, onC],
      [c, onC, onA],
    ];
    await Promise.all(cutOff.map(([member, from, to]) => expectSuspended(member, from, to)));
    const made = await place(b, "made", NETWORK);
    await eventually("what is made to be known where it cannot be reached", async () => (await vtepOf(c, made.mac)) === hostB.ip4);
    expect(await reaches(onA, made)).toBe(true);
    await eventually("30 s to be over", () => performance.now() - cutAt > 30_000, 31_000);
    expect(await refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^[^\n]*10\.99\.0\.1:2377[^\n]*\n$/) });
    // A lease says who lives, not a path; and who lost the manager alone is not cut off from anybody else.
    const states = await Promise.all(["b", "c", "d"].map((name) => statusOf(a, name)));
    expect(states).toEqual(["ready", "ready", "down"]);
    await Promise.all(cutOff.map(([member, from, to]) => expectSuspended(member, from, to)));
    await heal();
    const pairs = [...cutOff.map(([, from, to]) => [from, to]), [onC, made], [onD, made]];
    const times = await Promise.all([...pairs.map(([from, to]) => timeToReach(from, to, HEALED_MS)), timeUntilReady(a, d)]);
    expect(Math.max(...times)).toBeLessThan(HEALED_MS);
    for (const heartbeat of whole) await expectNotTouched(heartbeat);
  });
});

/** A cluster with a network and a container on each host, each of which has reached all others. */
async function inhabited(hosts: readonly Host[]): Promise<{ cluster: Cluster; containers: Placed[] }> {
  const cluster = await startCluster(hosts);
  await cluster.manager.weft("network", "create", NETWORK);
  const containers = await Promise.all(cluster.members.map((member) => place(member, `on-${member.host.name}`, NETWORK)));
  const pairs = containers.flatMap((from) => containers.filter((to) => to !== from).map((to) => [from, to]));
  for (const [from, to] of pairs) await timeToReach(from, to, 10_000);
  return { cluster, containers };
}

/** A connection that waits a second at most before it tries again, where the kernel can be told so (Linux 6.15). */
async function beat(from: Placed, to: Placed): Promise<Heartbeat> {
  for (const { netns } of [from, to]) await attempt(["tee", "/proc/sys/net/ipv4/tcp_rto_max_ms"], { netns, input: "1000" });
  return startHeartbeat(from.member.host.lab, { from: from.netns, to: to.netns, address: to.ip });
}

/** Frames that `from` sends to `to` are dropped as suspended, and its host still knows where `to` is. */
async function expectSuspended(member: Member, from: Placed, to: Placed): Promise<void> {
  const before = await droppedAsSuspended(member);
  const grows = async () => !(await reaches(from, to)) && (await droppedAsSuspended(member)) > before;
  await eventually(`frames from ${from.name} to ${to.name} to be dropped as suspended`, grows, SUSPENDED_MS);
  expect(await vtepOf(member, to.mac)).toBe(to.member.host.ip4);
}

async function timeUntilReady(asked: Member, { host }: Member): Promise<number> {
  const begin = performance.now();
  await eventually(`${host.name} to be ready again`, async () => (await statusOf(asked, host.name)) === "ready", HEALED_MS);
  return performance.now() - begin;
}

async function expectNotTouched(heartbeat: Heartbeat): Promise<void> {
  const { error, beats, longestMs } = await heartbeat.stop();
  expect(error).toBeNull();
  expect(beats).toBeGreaterThan(0);
  expect(longestMs).toBeLessThan(NOT_TOUCHED_MS);
}
