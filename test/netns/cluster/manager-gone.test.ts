// The manager out of reach for a minute, behind a firewall or dead: forwarding goes on, an agent that restarts meanwhile forwards from its last plan, what is
// asked for fails with one line, what is removed is freed afterwards, and all of it heals without help.

import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Cluster, type Member, startCluster } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { underlay } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { metricsOf, type Placed, place, placed, reaches, statusOf } from "./containers.ts";
import { ofOneMind } from "./one-mind.ts";
import { longestGap, startPinging } from "./pinging.ts";

const MINUTE_MS = 60_000;
const PING_MS = 20;
/** What others' traffic may wait on a machine that is busy with starting processes. */
const PAUSE_MS_MAX = 6000;
const HEALED_MS = 20_000;

/** Nobody on other hosts reaches the manager's port. */
const FIREWALL = `
table inet gone {
  chain input { type filter hook input priority 0; iifname "eth0" tcp dport 2377 drop; }
  chain output { type filter hook output priority 0; oifname "eth0" tcp sport 2377 drop; }
}`;

interface Way {
  name: string;
  go(manager: Member): Promise<unknown>;
  comeBack(manager: Member): Promise<unknown>;
  /** How an agent ends meanwhile. */
  end(member: Member): Promise<unknown>;
  /** Its own agent, and so its own containers, carry on. */
  forwards: boolean;
}

const WAYS: Way[] = [
  {
    name: "behind a firewall",
    go: ({ host }) => run(["nft", "-f", "-"], { netns: host.netns, input: FIREWALL }),
    comeBack: ({ host }) => run(["nft", "delete", "table", "inet", "gone"], { netns: host.netns }),
    end: (member) => member.stop(),
    forwards: true,
  },
  {
    name: "killed",
    go: (manager) => manager.kill(),
    comeBack: (manager) => manager.start(),
    end: (member) => member.kill(),
    forwards: false,
  },
];

/** One line, exit code 1, and it says who did not answer. */
async function refused(member: Member, ...words: string[]): Promise<void> {
  const { code, stderr } = await member.attempt(...words);
  expect({ words, code, lines: stderr.trim().split("\n").length }).toEqual({ words, code: 1, lines: 1 });
  expect(stderr).toContain("10.99.0.1:2377");
}

interface Stage {
  cluster: Cluster;
  /** One on each host, in the hosts' order. */
  containers: Placed[];
  /** Another on host b, to be removed. */
  spare: Placed;
}

async function setUp(lab: Lab): Promise<Stage> {
  const cluster = await startCluster(await underlay(lab, ["a", "b", "c"]));
  await cluster.manager.weft("network", "create", "blue");
  const containers = await Promise.all(cluster.members.map((member) => place(member, `on-${member.host.name}`, "blue")));
  const spare = await place(cluster.members[1], "spare", "blue");
  for (const to of containers) await eventually(`${spare.name} to reach ${to.name}`, () => reaches(spare, to));
  return { cluster, containers, spare };
}

/** What users do meanwhile: what needs a manager is refused, what does not is done. */
async function carryOn({ cluster: { members } }: Stage): Promise<void> {
  const [, b, c] = members;
  const refusals = [
    refused(b, "run", "-d", "--network", "blue", "--name", "late", "--", "sleep", "600"),
    refused(c, "network", "create", "green"),
  ];
  expect(await b.weft("rm", "-f", "spare")).toBe("spare");
  await Promise.all(refusals);
  expect(await b.weft("ps", "-a", "--format", "{{.Names}}")).toBe("on-b");
}

/** Host c's agent ends and comes back; answers from when to when nothing could be expected of it. */
async function restart({ cluster: { members }, containers: [, onB, onC] }: Stage, end: Way["end"]): Promise<[number, number]> {
  const c = members[2];
  const from = Date.now();
  await end(c);
  expect(await c.start()).toMatch(/^weft ready \(degraded: .*10\.99\.0\.1:2377/);
  expect(await placed(c, "on-c")).toEqual(onC);
  await eventually("b to reach c by its last plan", () => reaches(onB, onC));
  await eventually("c to reach b", () => reaches(onC, onB));
  const to = Date.now();
  await refused(c, "run", "-d", "--network", "blue", "--", "sleep", "600");
  return [from, to];
}

/** Nothing is done to that end but that the manager is there. */
async function heals({ cluster, containers, spare }: Stage): Promise<number> {
  const [a, , c] = cluster.members;
  const from = Date.now();
  const state = await ofOneMind(a, cluster.members, {}, HEALED_MS);
  const healed = Date.now() - from;
  expect(state.addresses.get(`${state.networks[0].id}/${spare.ip}`)).toMatchObject({ endpoint: null });
  for (const { host } of cluster.members)
    await eventually(`${host.name} to be ready`, async () => (await statusOf(a, host.name)) === "ready");
  const afterwards = await place(c, "afterwards", "blue");
  for (const container of containers) await eventually(`${container.name} to reach it`, () => reaches(container, afterwards));
  for (const member of cluster.members) expect(total(await metricsOf(member), "weft_reconcile_drift")).toBe(0);
  return healed;
}

describeNetns("the manager gone for a minute", ["etcdctl", "nsenter", "nft"], () => {
  test.concurrent.each(WAYS)("$name", { timeout: 240_000 }, async ({ name, go, comeBack, end, forwards }) => {
    await using lab = await Lab.open();
    const stage = await setUp(lab);
    const [onA, onB, onC] = stage.containers;
    const fromB = startPinging(lab, onB, onC, PING_MS);
    const fromA = startPinging(lab, onA, onB, PING_MS);
    const { manager } = stage.cluster;
    await go(manager);
    const gone = Date.now();
    await carryOn(stage);
    const [ended, again] = await restart(stage, end);
    await delay(gone + MINUTE_MS - Date.now());
    const comes = Date.now();
    await comeBack(manager);
    const back = Date.now();
    const healed = await heals(stage);
    const until = Date.now();
    const [b, a] = await Promise.all([fromB.stop(), fromA.stop()]);
    const gaps = [
      longestGap(b, gone, ended),
      longestGap(b, again, until),
      ...(forwards ? [longestGap(a, gone, comes)] : []),
      longestGap(a, back + 1000, until),
    ];
    const restarted = Math.round(longestGap(b, ended, again));
    console.log(`${name}: healed in ${healed} ms; pause of a restart meanwhile ${restarted} ms, others ${gaps.map(Math.round)} ms`);
    for (const gap of gaps) expect(gap).toBeLessThan(PAUSE_MS_MAX);
  });
});
