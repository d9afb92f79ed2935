// 100,000 endpoints in one network, and how one agent and its manager bear it: a network that is filled by a program, and one host that joins it,
// forgets it, comes back, and hears of one change more.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Member } from "../../../lab/cluster.ts";
import { scrapeRelay, total } from "../../../lab/metrics.ts";
import { eventually } from "../../../lab/wait.ts";
import type { Part, Row } from "../part.ts";
import { cpuSeconds, memoryOf } from "../process.ts";
import { Program } from "../program.ts";
import { accessOf, apiOf, attach, createNetwork, relays, type Stood, withCluster } from "../stand.ts";

const NETWORK = "large";
const BASE = "10.64.0.0";
const PREFIX_LENGTH = 14;
/** Simulated hosts that have the endpoints. */
const NODES = 100;
const CREATES = 20;
const WAIT_MS = 120_000;
const SETTLE_MS = 12_000;
/** For what is written and tidied up once all is there. */
const FDB = "weft_fdb_entries";
const CONVERGENCE = "weft_convergence_seconds";
const RECONCILE = "weft_reconcile_seconds";

interface Scene {
  stood: Stood;
  network: string;
  records: Program;
  member: Member;
  /** Metrics of the manager and of the member. */
  at: string[];
  netns: string;
}

async function entries({ at }: Scene): Promise<number> {
  return total(await scrapeRelay(at[1]), FDB, { network: NETWORK, state: "static" });
}

/** Seconds until the host has them all. */
async function timed(scene: Scene, count: number, begin: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  const begun = begin();
  await eventually(`${count} entries`, async () => (await entries(scene)) >= count, WAIT_MS);
  const seconds = (performance.now() - began) / 1000;
  await begun;
  return seconds;
}

async function measure(scene: Scene, from: number, size: number): Promise<Row> {
  const { stood, network, records, member, netns } = scene;
  const values: Record<string, number[]> = {};
  const began = performance.now();
  await records.ask("fill", { network, base: BASE, prefixLength: PREFIX_LENGTH, nodes: NODES, from, to: size });
  values.fill = [(size - from) / ((performance.now() - began) / 1000)];
  values.attach = [await timed(scene, size, () => attach(member, NETWORK, netns))];
  values.memory = [memoryOf(member.daemon.pid).rss];

  await member.kill();
  // What it was forwarding: without that it knows nothing, as a host that is new.
  rmSync(join(member.stateDir, "plan.json"), { force: true });
  values.cold = [await timed(scene, size, () => member.start(WAIT_MS))];
  // By then it knows the manager's clock, by which times are told, from a moment in which it was not busy.
  await delay(SETTLE_MS);
  Object.assign(values, await changes(scene));
  const { rss, peak } = memoryOf(member.daemon.pid);
  values.memory.push(rss);
  values.peak = [peak];
  values.managerMemory = [memoryOf(stood.manager.daemon.pid).rss];
  values.reconcile = [await reconcile(scene)];
  await apiOf(member).do("network.disconnect", { network: NETWORK, target: `netns:${netns}` });
  return { label: size.toLocaleString("en"), values };
}

/** One endpoint after the other, asked of the manager; and what each costs the host that hears of it. */
async function changes(scene: Scene): Promise<Record<string, number[]>> {
  const { stood, member, at } = scene;
  const pids = [member.daemon.pid, stood.manager.daemon.pid];
  const create: number[] = [];
  const converge: number[] = [];
  const made: string[] = [];
  const cpu = pids.map(cpuSeconds);
  let before = await scrapeRelay(at[1]);
  for (let n = 0; n < CREATES; n++) {
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
    made.push(id);
    const began = performance.now();
    await apiOf(stood.manager).do("endpoint.create", { id, network: NETWORK, name: `new-${n}`, container: null });
    create.push(performance.now() - began);
    const after = await eventually("the new endpoint", async () => {
      const now = await scrapeRelay(at[1]);
      return total(now, `${CONVERGENCE}_count`) > total(before, `${CONVERGENCE}_count`) && now;
    });
    converge.push((total(after, `${CONVERGENCE}_sum`) - total(before, `${CONVERGENCE}_sum`)) * 1000);
    before = after;
  }
  const spent = pids.map((pid, i) => ((cpuSeconds(pid) - cpu[i]) * 1000) / CREATES);
  for (const id of made) await apiOf(stood.manager).do("endpoint.remove", { id, network: NETWORK });
  return { create, converge, agentCpu: [spent[0]], managerCpu: [spent[1]] };
}

/** Milliseconds that the next whole comparison takes: in them the agent's main thread does nothing else. */
async function reconcile({ at }: Scene): Promise<number> {
  const before = await scrapeRelay(at[1]);
  const count = total(before, `${RECONCILE}_count`);
  const after = await eventually(
    "a reconcile",
    async () => {
      const now = await scrapeRelay(at[1]);
      return total(now, `${RECONCILE}_count`) > count && now;
    },
    WAIT_MS,
  );
  const times = total(after, `${RECONCILE}_count`) - count;
  return ((total(after, `${RECONCILE}_sum`) - total(before, `${RECONCILE}_sum`)) / times) * 1000;
}

export const size: Part = {
  name: "size",
  title: "Many endpoints in one network",
  about: `A program puts endpoints of ${NODES} simulated hosts into one network of an embedded store, in the form and the transactions in which a manager does. Then one more
host attaches a namespace to it (*attach*: from the call until all entries are in the tables), is killed and comes back without its last plan (*cold start*: from the start of the
program). Then ${CREATES} endpoints are made one after the other by the manager; *one more visible* is from the record's time until the host forwards by it.`,
  columns: [
    { key: "attach", title: "attach", unit: "s", statistic: "median", digits: 2, atMost: 5 },
    { key: "cold", title: "cold start", unit: "s", statistic: "median", digits: 2, atMost: 5 },
    { key: "memory", title: "agent's memory", unit: "MiB", statistic: "max", digits: 0, atMost: 512 },
    { key: "peak", title: "its peak", unit: "MiB", statistic: "max", digits: 0, atMost: 512 },
    { key: "reconcile", title: "comparing all", unit: "ms", statistic: "median", digits: 0 },
    { key: "converge", title: "one more visible", unit: "ms", statistic: "spread", digits: 0 },
    { key: "agentCpu", title: "agent's CPU for it", unit: "ms", statistic: "median", digits: 0 },
    { key: "create", title: "endpoint.create", unit: "ms", statistic: "spread", digits: 1 },
    { key: "managerCpu", title: "manager's CPU for it", unit: "ms", statistic: "median", digits: 0 },
    { key: "managerMemory", title: "manager's memory", unit: "MiB", statistic: "max", digits: 0 },
    { key: "fill", title: "put by the program", unit: "endpoints/s", statistic: "median", digits: 0 },
  ],
  conditions: () => `${NODES} simulated hosts that live and do not answer; one agent with one worker`,
  run: (options, told) =>
    withCluster(2, "embedded", told, async (stood) => {
      const [manager, member] = stood.members;
      const network = await createNetwork(stood, NETWORK, `${BASE}/${PREFIX_LENGTH}`);
      const records = new Program(stood.lab, manager.host.netns, "records");
      await records.ask("open", accessOf(stood));
      const scene = { stood, network, records, member, at: await relays(stood.members), netns: await stood.lab.namespace("c") };
      const rows: Row[] = [];
      for (const [i, count] of options.sizes.entries()) {
        told(`${count.toLocaleString("en")} endpoints`);
        rows.push(await measure(scene, options.sizes[i - 1] ?? 0, count));
      }
      return rows;
    }),
};
