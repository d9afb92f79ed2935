// A backup put back under live endpoints: the manager's disk is lost, the cluster goes on without it, and what was made and removed since the
// backup comes to be so again, or is given up by name.

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../../../lab/cluster.ts";
import { attempt } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { type Host, underlay } from "../../../lab/topology.ts";
import { type Heartbeat, startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { api, metricsOf, type Placed, place, placed, reaches, remove, timeToReach } from "./containers.ts";

const NETWORK = "blue";
/** The longest pause of a connection that nothing happened to, on a machine that is busy. */
const NOT_TOUCHED_MS = 2000;
/** Nothing new is made for 20 s; and the machine is busy. */
const SETTLED_MS = 40_000;
const ONE_LINE = /^[^\n]+\n$/;

describeNetns("a backup", ["socat"], () => {
  let lab: Lab;
  let hosts: Host[];
  let cluster: Cluster;
  let file: string;

  beforeAll(async () => {
    lab = await Lab.open();
    file = join(lab.directory, "cluster.backup");
    hosts = await underlay(lab, ["a", "b", "c"]);
    cluster = await startCluster(hosts);
    for (const name of [NETWORK, "red"]) await cluster.manager.weft("network", "create", name);
  });
  afterAll(() => lab?.close());

  test("is put back under what runs: traffic never stops, and nobody has what another has", async () => {
    const [a, b, c] = cluster.members;
    const onA = await place(a, "on-a", NETWORK);
    // Of a lost disk nobody knows any more: what ran there is the test's to end.
    lab.defer(() => endLost(onA));
    const [keptB, goneB] = [await place(b, "kept-b", NETWORK), await place(b, "gone-b", NETWORK)];
    const keptC = await place(c, "kept-c", NETWORK);
    // With it gone, its host takes no part in the network any more.
    const goneRed = await place(c, "gone-red", "red");
    const moving = await place(b, "moving", NETWORK);
    await a.weft("backup", file);
    for (const container of [goneB, goneRed, moving]) await remove(container);
    const moved = await place(c, "moved", NETWORK, { ips: [moving.ip], mac: moving.mac });
    const [lateB, lateC] = [await place(b, "late-b", NETWORK), await place(c, "late-c", NETWORK)];
    await a.weft("network", "create", "green");
    const lost = await place(c, "lost", "green");
    const kept = await beat(keptB, keptC);
    const late = await beat(lateB, lateC);
    expect(await reaches(keptB, moved)).toBe(true);

    const before = clusterIds()[0];
    await a.kill();
    rmSync(a.stateDir, { recursive: true });
    expect(await a.attempt("restore", file, "--state-dir", a.stateDir)).toEqual({ code: 0, stdout: "", stderr: "" });
    const [, id] = /^weft ready node=a role=manager cluster=(\S+) /.exec(await a.start()) ?? [];
    expect(id).not.toBe(before);

    // The store does not know that somebody has these: for a while nothing new is made at all, and then it does know.
    for (const { ip } of [lateB, moved]) {
      const { code, stderr } = await a.attempt("run", "-d", "--network", NETWORK, "--ip", ip, "--name", "greedy", "--", "sleep", "60");
      expect([code, stderr]).toEqual([1, expect.stringMatching(ONE_LINE)]);
    }
    await eventually("new endpoints to be made again", () => place(a, "new-a", NETWORK), SETTLED_MS);
    const made = [await placed(a, "new-a"), await place(b, "new-b", NETWORK), await place(c, "new-c", NETWORK)];
    const all = [keptB, keptC, lateB, lateC, moved, ...made];
    const names = all.map(({ name }) => name).sort();
    await eventually("all to be of one mind", async () => (await namesIn(NETWORK)).join() === names.join(), SETTLED_MS);
    expect(new Set(all.map(({ ip }) => ip)).size).toBe(all.length);
    for (const to of all) if (to !== made[0]) await timeToReach(made[0], to, 5000);
    expect(await namesIn("red")).toEqual([]);
    const addresses = await addressesOf(NETWORK);
    expect(addresses.sort()).toEqual(all.map(({ ip }) => ip).sort());

    await eventually("the container of the lost network to be given up", async () => (await placed(c, lost.name)).ip === "", SETTLED_MS);
    await c.daemon.waitFor(/"name":"lost".*"detail":"network \S+ not found".*"endpoint lost"/, "stderr");
    await eventually("all to be of the new cluster", () => clusterIds().every((each) => each === id), SETTLED_MS);
    for (const member of cluster.members)
      await eventually("no drift", async () => total(await metricsOf(member), "weft_reconcile_drift") === 0, SETTLED_MS);
    for (const heartbeat of [kept, late]) {
      const { error, longestMs } = await heartbeat.stop();
      expect(error).toBeNull();
      expect(longestMs).toBeLessThan(NOT_TOUCHED_MS);
    }
  });

  test("that is damaged, or another's file, or not for here, is refused in one line, and nothing is written", async () => {
    const [a, b] = cluster.members;
    const text = readFileSync(file, "latin1");
    const write = (name: string, content: string) => {
      const path = join(lab.directory, name);
      writeFileSync(path, content, "latin1");
      return path;
    };
    const files: [string, string][] = [
      [write("cut-short", text.slice(0, text.length / 2)), "damaged (its checksum does not fit)"],
      [write("changed", text.replace("blue", "blux")), "damaged (its checksum does not fit)"],
      [write("newer", text.replace(/^weft-backup 1/, "weft-backup 7")), "a backup of version 7, and this weft knows 1"],
      [write("other", "an old shoe\n"), "not a backup of weft"],
      [join(lab.directory, "none"), "no such file or directory"],
    ];
    const target = join(lab.directory, "target");
    for (const [path, why] of files) {
      expect(await a.attempt("restore", path, "--state-dir", target)).toEqual({ code: 1, stdout: "", stderr: `${path}: ${why}\n` });
      expect(existsSync(target)).toBe(false);
    }
    mkdirSync(target);
    copyFileSync(file, join(target, "something"));
    const used = await a.attempt("restore", file, "--state-dir", target);
    expect(used).toMatchObject({ code: 1, stderr: `state directory ${target}: not empty: a backup is restored into an empty one\n` });
    const busy = await b.attempt("restore", file, "--state-dir", b.stateDir);
    expect(busy).toMatchObject({ code: 1, stderr: `state directory ${b.stateDir}: in use by weft (pid ${b.daemon.pid})\n` });
  });

  /** Names of a network's containers, as a member is told. */
  async function namesIn(network: string): Promise<string[]> {
    const { found } = await api(cluster.members[1]).do("network.inspect", { names: [network] });
    return Object.values(found[0].Containers)
      .map(({ Name }) => Name)
      .sort();
  }

  async function addressesOf(network: string): Promise<string[]> {
    const { found } = await api(cluster.members[1]).do("network.inspect", { names: [network] });
    return Object.values(found[0].Containers).map(({ IPv4Address }) => IPv4Address.split("/")[0]);
  }

  /** As each node has it on disk. */
  function clusterIds(): string[] {
    return cluster.members.map(({ stateDir }) => JSON.parse(readFileSync(join(stateDir, "node.json"), "utf8")).clusterId as string);
  }

  function beat(from: Placed, to: Placed): Promise<Heartbeat> {
    return startHeartbeat(lab, { from: from.netns, to: to.netns, address: to.ip });
  }
});

async function endLost({ netns, pid }: Placed): Promise<void> {
  await attempt(["kill", "-9", String(pid)]);
  await attempt(["ip", "netns", "del", netns]);
}
