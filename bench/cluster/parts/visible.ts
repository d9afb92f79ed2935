// How soon an endpoint that was made on one host is in the tables of all others: by each agent's own histogram, of which the difference between two looks
// is exact, and by an outsider who asks some agents again and again; and the same by many agents without a data path in one process.

import { setTimeout as delay } from "node:timers/promises";
import type { Member } from "../../../lab/cluster.ts";
import { type Sample, scrapeRelay, total } from "../../../lab/metrics.ts";
import { eventually } from "../../../lab/wait.ts";
import type { Options } from "../options.ts";
import type { Part, Row } from "../part.ts";
import { cpuOf } from "../process.ts";
import { Program } from "../program.ts";
import { accessOf, apiOf, attach, createNetwork, relays, STORE_WORDS, type Stood, type StoreName, withCluster } from "../stand.ts";

const NETWORK = "bench";
const SUBNET = "10.64.0.0/16";
const CONVERGENCE = "weft_convergence_seconds";
/** Endpoints that an outsider looks for, and agents that it asks. */
const OBSERVED = 10;
const OBSERVERS = 2;
const OBSERVE_MS = 2;
const SEEN_MS = 60_000;
const REST_MS = 4000;

type Looks = Sample[][];

const countOf = (look: readonly Sample[]) => total(look, `${CONVERGENCE}_count`);
const sumOf = (look: readonly Sample[]) => total(look, `${CONVERGENCE}_sum`);

/** Waits until each agent has had so many endpoints more; gives what it shows then. */
async function looks(at: readonly string[], before: Looks, more: (index: number) => number): Promise<Looks> {
  const now: Looks = [];
  for (const [i, path] of at.entries()) {
    now.push(
      await eventually(
        "the endpoint on every host",
        async () => {
          const look = await scrapeRelay(path);
          return countOf(look) - countOf(before[i]) >= more(i) && look;
        },
        SEEN_MS,
      ),
    );
  }
  return now;
}

interface Scene {
  stood: Stood;
  at: string[];
}

/** One endpoint after the other, each on another host. */
async function series({ stood, at }: Scene, count: number): Promise<Record<string, number[]>> {
  const { lab, members } = stood;
  const values: Record<string, number[]> = { each: [], last: [], call: [] };
  let before = await Promise.all(at.map(scrapeRelay));
  for (let n = 0; n < count; n++) {
    const by = n % members.length;
    const netns = await lab.namespace(`s${n}`);
    const began = performance.now();
    await attach(members[by], NETWORK, netns);
    values.call.push(performance.now() - began);
    const now = await looks(at, before, (i) => (i === by ? 0 : 1));
    const times = now.flatMap((look, i) => (i === by ? [] : [(sumOf(look) - sumOf(before[i])) * 1000]));
    values.each.push(...times);
    values.last.push(Math.max(...times));
    before = now;
  }
  return values;
}

/** The same, seen from outside: from the call until some agents' tables show it. */
async function observed({ stood: { lab, members } }: Scene): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < OBSERVED; n++) {
    const by = members[n % members.length];
    const others = members.filter((member) => member !== by);
    const netns = await lab.namespace(`o${n}`);
    const mac = `02:0b:00:00:00:${n.toString(16).padStart(2, "0")}`;
    const began = performance.now();
    const seen = Array.from({ length: Math.min(OBSERVERS, others.length) }, async (_, i) => {
      await sees(others[(n + i) % others.length], mac);
      return performance.now() - began;
    });
    const call = apiOf(by).do("network.connect", { network: NETWORK, target: `netns:${netns}`, mac });
    const [found] = await Promise.all([Promise.all(seen), call]);
    times.push(...found);
  }
  return times;
}

async function sees(member: Member, mac: string): Promise<void> {
  const api = apiOf(member);
  const end = performance.now() + SEEN_MS;
  while (!(await api.fdb(NETWORK)).some((row) => row.mac === mac)) {
    if (performance.now() > end) throw new Error(`${member.host.name} does not see ${mac}`);
    await delay(OBSERVE_MS);
  }
}

/** All at once, one on each host and again, `count` in all: seconds until every host has all, and each host's mean time. */
async function burst({ stood, at }: Scene, count: number): Promise<Record<string, number[]>> {
  const { lab, members } = stood;
  const before = await Promise.all(at.map(scrapeRelay));
  const spaces = await Promise.all(Array.from({ length: count }, (_, n) => lab.namespace(`b${n}`)));
  const own = members.map((_, i) => spaces.filter((_space, n) => n % members.length === i).length);
  const began = performance.now();
  const calls = spaces.map((netns, n) => attach(members[n % members.length], NETWORK, netns));
  const after = await looks(at, before, (i) => count - own[i]);
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(calls);
  return {
    burst: [seconds],
    burstEach: after.map((look, i) => ((sumOf(look) - sumOf(before[i])) / (countOf(look) - countOf(before[i]))) * 1000),
  };
}

function agents(count: number, store: StoreName, options: Options, told: (what: string) => void): Promise<Row> {
  return withCluster(count, store, told, async (stood) => {
    await createNetwork(stood, NETWORK, SUBNET);
    for (const member of stood.members) await attach(member, NETWORK, await stood.lab.namespace(`n${member.host.name}`));
    const scene = { stood, at: await relays(stood.members) };
    told(`${count} agents (${STORE_WORDS[store]}): endpoints come`);
    const values = await series(scene, options.endpoints);
    values.observed = await observed(scene);
    Object.assign(values, await burst(scene, options.endpoints));
    const pids = stood.members.map(({ daemon }) => daemon.pid);
    const [manager, ...others] = (await cpuOf(pids, () => delay(REST_MS))).map((cpu) => (cpu / REST_MS) * 100_000);
    Object.assign(values, { rest: [manager], agentRest: others });
    return { label: `${count} agents, ${STORE_WORDS[store]}`, values };
  });
}

/** Agents that only follow, in one process. */
function followers(count: number, options: Options, told: (what: string) => void): Promise<Row> {
  return withCluster(2, "embedded", told, async (stood) => {
    const network = await createNetwork(stood, NETWORK, SUBNET);
    const program = new Program(stood.lab, stood.manager.host.netns, "followers");
    told(`${count} agents without a data path begin to follow`);
    await program.ask("open", { access: accessOf(stood, stood.members[1]), network, name: NETWORK, count });
    const values: Record<string, number[]> = { each: [], last: [], call: [] };
    for (let n = 0; n < options.endpoints; n++) {
      const id = n.toString(16).padStart(64, "0");
      const began = performance.now();
      await apiOf(stood.manager).do("endpoint.create", { id, network: NETWORK, name: `e${n}`, container: null });
      values.call.push(performance.now() - began);
      const times = await eventually("all followers to have it", () => program.ask<number[] | null>("applied", { id }), SEEN_MS);
      values.each.push(...times);
      values.last.push(Math.max(...times));
    }
    const [cpu] = await cpuOf([stood.manager.daemon.pid], () => delay(REST_MS));
    values.rest = [(cpu / REST_MS) * 100_000];
    return { label: `${count} followers, embedded`, values };
  });
}

export const visible: Part = {
  name: "visible",
  title: "An endpoint becomes visible",
  about: `Agents are real processes in namespaces on a bridge. Endpoints are made one after the other, each on another host (\`network connect\` through that host's agent). *On one
host* and *on the last* are from the record's time (taken by the manager before it is stored) until a host forwards by it, from each agent's \`weft_convergence_seconds\`; all clocks are this machine's. *Call* is the whole
of \`network connect\`: the manager, the interface, the tables of the host itself. *Seen* is from the call until an outsider, who asks ${OBSERVERS} other agents for their tables every ${OBSERVE_MS} ms, finds it there.
*Burst*: as many endpoints at once, spread over the hosts. Followers are agents without a data path, in one process, that hear of endpoints that a manager makes.`,
  columns: [
    { key: "each", title: "on one host, p50", unit: "ms", statistic: "p50", digits: 0 },
    { key: "each", title: "p99", unit: "ms", statistic: "p99", digits: 0 },
    { key: "last", title: "on the last, p50", unit: "ms", statistic: "p50", digits: 0, atMost: 50 },
    { key: "last", title: "p99", unit: "ms", statistic: "p99", digits: 0, atMost: 500 },
    { key: "call", title: "call", unit: "ms", statistic: "spread", digits: 0 },
    { key: "observed", title: "seen, from the call", unit: "ms", statistic: "spread", digits: 0 },
    { key: "burstEach", title: "burst: on one host", unit: "ms", statistic: "spread", digits: 0 },
    { key: "burst", title: "burst: all with all", unit: "s", statistic: "median", digits: 2 },
    { key: "rest", title: "manager's CPU at rest", unit: "%", statistic: "median", digits: 1 },
    { key: "agentRest", title: "another agent's", unit: "%", statistic: "spread", digits: 1 },
  ],
  conditions: ({ endpoints }) =>
    `${endpoints} endpoints; agents with one worker each; all of them, and the store, share this machine's CPUs`,
  async run(options, told) {
    const rows: Row[] = [];
    const most = options.agents[options.agents.length - 1];
    if (options.stores.includes("embedded")) for (const count of options.agents) rows.push(await agents(count, "embedded", options, told));
    for (const store of options.stores) if (store !== "embedded") rows.push(await agents(most, store, options, told));
    for (const count of options.followers) rows.push(await followers(count, options, told));
    return rows;
  },
};
