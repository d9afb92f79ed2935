// kill -9 of any agent, the manager's too, at random points of commands: nothing is leaked or given twice, nothing left over stops a start, containers
// run on with their interfaces, and what has nothing to do with the killed one does not notice. WEFT_KILLS says how many.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Cluster, Member, startCluster } from "../../../lab/cluster.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { underlay } from "../../../lab/topology.ts";
import { startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { Random, seed } from "../../oracle/random.ts";
import { describeNetns } from "../needs.ts";
import { Commands, STAYS } from "./commands.ts";
import { api, metricsOf, place, placed } from "./containers.ts";
import { ofOneMind } from "./one-mind.ts";
import { longestGap, median, startPinging } from "./pinging.ts";

const KILLS = Number(process.env.WEFT_KILLS ?? 30);
const KILL_AFTER_MS = 300;
const PING_MS = 5;
/** What traffic that is not concerned may wait on a machine that is busy with starting an agent. */
const OTHERS_MS_MAX = 3000;
/** No figure is promised for it: this is what a busy machine may take. */
const GAP_MS_MAX = 60_000;
const RECONCILE_MS_MAX = 60_000;

interface Kill {
  victims: number[];
  at: number;
  back: number;
}

/** Kills some of the agents, each at a moment of its own, and starts them again. */
async function killSome(cluster: Cluster, victims: readonly number[], random: Random): Promise<Kill> {
  let at = Number.POSITIVE_INFINITY;
  await Promise.all(
    victims.map(async (index) => {
      const victim = cluster.members[index];
      await delay(random.below(KILL_AFTER_MS));
      at = Math.min(at, Date.now());
      await victim.kill();
      expect(existsSync(victim.socket)).toBe(true);
      expect(await victim.start()).toMatch(/^weft ready/);
    }),
  );
  return { victims: [...victims], at, back: Date.now() };
}

async function driftOf(member: Member): Promise<number> {
  return total(await metricsOf(member), "weft_reconcile_drift");
}

describeNetns(`agents killed (WEFT_SEED=${seed})`, ["etcdctl", "nsenter"], () => {
  const timeout = 120_000 + KILLS * 10_000;
  test.concurrent(`${KILLS} times at random points of commands`, { timeout }, async () => {
    const random = new Random();
    await using lab = await Lab.open();
    const cluster = await startCluster(await underlay(lab, ["a", "b", "c"]));
    const { manager, members } = cluster;
    await manager.weft("network", "create", "--ipv6", STAYS);
    const steady = await Promise.all(members.map((member) => place(member, `steady-${member.host.name}`, STAYS)));
    const paths: Record<string, string> = {};
    for (const { host } of members) paths[host.name] = `/run/netns/${await lab.namespace(`${host.name}n`)}`;
    const namespaces = Object.fromEntries(Object.entries(paths).map(([host, path]) => [host, [path]]));
    const pairs = [0, 1, 2].map((from) => [from, (from + 1) % 3]);
    const pings = pairs.map(([from, to]) => startPinging(lab, steady[from], steady[to], PING_MS));
    const beats = await Promise.all(
      pairs.map(([from, to]) => startHeartbeat(lab, { from: steady[from].netns, to: steady[to].netns, address: steady[to].ip })),
    );

    const commands = new Commands(random, members, paths);
    const kills: Kill[] = [];
    for (let count = 0; count < KILLS; count += kills.at(-1)?.victims.length ?? 1) {
      await commands.look();
      const first = random.below(members.length);
      const victims = random.oneIn(4) ? [first] : [first, (first + 1) % members.length];
      const begun = commands.begin(members[random.pick(victims)], random.between(1, 4));
      kills.push(await killSome(cluster, victims, random));
      const ends = await Promise.allSettled(begun.map(({ done }) => done));
      await ofOneMind(manager, members, namespaces);
      for (const [i, { what, holds }] of begun.entries())
        if (ends[i].status === "fulfilled") expect(await holds(), `${what}, as it was answered`).toBe(true);
    }

    for (const [i, container] of steady.entries()) expect(await placed(members[i], container.name)).toEqual(container);
    const answers = await Promise.all(pings.map((ping) => ping.stop()));
    for (const beat of beats) expect(await beat.stop()).toMatchObject({ error: null });
    const gaps = (concerned: boolean) =>
      kills.flatMap(({ victims, at, back }) =>
        pairs.flatMap((pair, i) =>
          pair.some((member) => victims.includes(member)) === concerned ? [Math.round(longestGap(answers[i], at - 100, back + 1000))] : [],
        ),
      );
    const [own, others] = [gaps(true), gaps(false)];
    console.log(
      `pauses: p50 ${median(own)} ms, max ${Math.max(...own)} ms; between other hosts p50 ${median(others)}, max ${Math.max(...others)}`,
    );
    expect(Math.max(...own)).toBeLessThan(GAP_MS_MAX);
    expect(Math.max(...others, 0)).toBeLessThan(OTHERS_MS_MAX);
    const calm = async () => (await Promise.all(members.map(driftOf))).every((drift) => drift === 0);
    await eventually("drift to be 0", calm, RECONCILE_MS_MAX);
  });

  test.concurrent("in the middle of joining and leaving", { timeout: 240_000 }, async () => {
    const random = new Random(seed + 1);
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "d"]);
    const cluster = await startCluster(hosts.slice(0, 1));
    const { manager } = cluster;
    await manager.weft("network", "create", STAYS);
    const nodesOfD = async () => (await ofOneMind(manager, [manager])).nodes.filter(({ name }) => name === "d").length;
    const d = await cluster.newMember(hosts[1]);
    for (const victim of [d, manager, d]) {
      d.spawn();
      await delay(random.below(1500));
      await killAndBack(victim, d);
      if (d.daemon.exit !== null) await d.start();
      else await d.daemon.waitFor(/^weft ready/m, "stdout", 30_000);
      expect(await nodesOfD()).toBe(1);
      const { netns } = await place(d, "one", STAYS);
      await ofOneMind(manager, [manager, d]);

      // By force it leaves also without its manager, which would then know it still.
      const force = victim === d;
      if (!force) await api(d).do("container.rm", { names: ["one"], force: true });
      const leaving = api(d).do("cluster.leave", { force });
      leaving.catch(() => {});
      await delay(random.below(400));
      await killAndBack(victim, d);
      await leaving.catch(() => {});
      if (existsSync(join(d.stateDir, "node.json"))) {
        if (d.daemon.exit !== null) await d.start();
        await api(d).do("cluster.leave", { force });
      }
      await d.daemon.exited;
      expect(await nodesOfD()).toBe(0);
      expect(existsSync(join(d.stateDir, "node.json"))).toBe(false);
      expect(existsSync(join("/run/netns", netns))).toBe(false);
    }
  });

  test.concurrent("in the middle of being removed", { timeout: 240_000 }, async () => {
    const random = new Random(seed + 2);
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "d"]);
    const cluster = await startCluster(hosts.slice(0, 1));
    const { manager } = cluster;
    await manager.weft("network", "create", STAYS);
    const d = await cluster.newMember(hosts[1]);
    const remove = () => api(manager).do("node.rm", { names: ["d"], force: true });
    for (const victim of [manager, d, manager]) {
      await d.start();
      const { netns } = await place(d, "one", STAYS);
      const removing = remove();
      removing.catch(() => {});
      await delay(random.below(30));
      await killAndBack(victim, d);
      await removing.catch(() => {});
      // Done again it is done, if it was not.
      const { removed, refused } = await remove();
      expect([...removed, ...refused.map(({ message }) => message)]).toEqual([expect.stringMatching(/^(d|node d not found)/)]);
      const { nodes, endpoints } = await ofOneMind(manager, [manager]);
      expect(nodes.map(({ name }) => name)).toEqual(["a"]);
      expect(endpoints).toEqual([]);
      // What runs there runs on, until somebody clears it away.
      await d.daemon.exited;
      expect(existsSync(join("/run/netns", netns))).toBe(true);
      expect(await d.attempt("leave", "--force", "--state-dir", d.stateDir)).toMatchObject({ code: 0 });
      expect(existsSync(join("/run/netns", netns))).toBe(false);
    }
  });

  test.concurrent("what is in use is refused by name, what is left behind is not in the way", { timeout: 120_000 }, async () => {
    await using lab = await Lab.open();
    const hosts = await underlay(lab, ["a", "b"]);
    const cluster = await startCluster(hosts);
    const [, b] = cluster.members;
    const twin = new Member(hosts[1], ["join", "--token", "x", "10.99.0.1:2377"], {});
    const second = twin.spawn();
    expect(await second.exited).toMatchObject({ code: 1 });
    const pid = readFileSync(join(b.stateDir, "lock"), "utf8").trim();
    expect(second.stderr.trim()).toContain(`state directory ${b.stateDir}: in use by weft (pid ${pid})`);
    expect(await b.weft("ps", "-q")).toBe("");

    await b.kill();
    expect(existsSync(b.socket)).toBe(true);
    expect(await b.start()).toMatch(/^weft ready node=b/);
    await b.weft("leave");
    expect(await b.daemon.exited).toMatchObject({ code: 0 });
    await ofOneMind(cluster.manager, [cluster.manager]);
  });
});

/** Kills it, and brings the manager back; the other one comes back later. */
async function killAndBack(victim: Member, later: Member): Promise<void> {
  await victim.kill();
  if (victim !== later) await victim.start();
}
