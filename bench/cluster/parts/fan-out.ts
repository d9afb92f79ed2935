// A manager with 1,000 watchers: how soon a change is with all of them, how many changes a second reach them, and what it costs the manager.

import { eventually } from "../../../lab/wait.ts";
import type { Options } from "../options.ts";
import type { Part, Row } from "../part.ts";
import { cpuOf, memoryOf } from "../process.ts";
import { Program } from "../program.ts";
import { accessOf, STORE_WORDS, type Stood, type StoreName, withCluster } from "../stand.ts";

/** A network of nobody: its keys are watched as any network's. */
const PREFIX = "/weft/v1/endpoint/benchmark/";
const LONE = 30;
const WRITERS = 8;
const IDLE_SECONDS = 3;
const HEARD_MS = 300_000;

interface Scene {
  stood: Stood;
  watchers: Program;
  writer: Program;
  pids: number[];
}

interface Heard {
  events: number;
  snapshots: number;
}

const delay = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Changes one after the other, each when the one before is with all. */
async function lone({ watchers, writer }: Scene): Promise<Record<string, number[]>> {
  const values: Record<string, number[]> = { each: [], last: [] };
  const keys = Array.from({ length: LONE }, (_, n) => `${PREFIX}lone/${n}`);
  await watchers.ask("note", { keys });
  for (const key of keys) {
    const { at } = await writer.ask<{ at: number }>("change", { key });
    const times = await eventually("all watchers to hear", () => watchers.ask<number[] | null>("heard", { key }), HEARD_MS);
    values.each.push(...times.map((time) => time - at));
    values.last.push(Math.max(...times) - at);
  }
  return values;
}

/** As fast as they can be made, until all have all. */
async function many(scene: Scene, options: Options): Promise<Record<string, number[]>> {
  const { watchers, writer, pids } = scene;
  const before = (await watchers.ask<Heard>("events")).events;
  let made = 0;
  const began = performance.now();
  const cpu = await cpuOf(pids, async () => {
    const input = { prefix: `${PREFIX}many/`, writers: WRITERS, seconds: options.seconds };
    made = (await writer.ask<{ times: number[] }>("many", input)).times.length;
    const all = before + made * options.watchers;
    await eventually("all watchers to hear all", async () => (await watchers.ask<Heard>("events")).events >= all, HEARD_MS);
  });
  const seconds = (performance.now() - began) / 1000;
  return { rate: [made / seconds], rateCpu: [(cpu[0] / seconds) * 100] };
}

async function idle({ pids }: Scene): Promise<number> {
  const [cpu] = await cpuOf(pids, async () => void (await delay(IDLE_SECONDS)));
  return (cpu / IDLE_SECONDS) * 100;
}

async function measure(stood: Stood, store: StoreName, options: Options, told: (what: string) => void): Promise<Row> {
  const { lab, manager } = stood;
  const { netns } = manager.host;
  const watchers = new Program(lab, netns, "watchers");
  const writer = new Program(lab, netns, "writers");
  const worker = stood.members[1];
  const scene = { stood, watchers, writer, pids: [manager.daemon.pid] };
  await writer.ask("open", accessOf(stood));
  const values: Record<string, number[]> = { alone: [memoryOf(manager.daemon.pid).rss] };
  told(`${options.watchers} watchers connect (${STORE_WORDS[store]})`);
  const began = performance.now();
  await watchers.ask("open", { access: accessOf(stood, worker), prefix: PREFIX, count: options.watchers });
  values.connect = [(performance.now() - began) / 1000];
  values.idleCpu = [await idle(scene)];
  Object.assign(values, await lone(scene), await many(scene, options));
  await watchers.ask("live");
  await delay(1);
  values.livingCpu = [await idle(scene)];
  values.memory = [memoryOf(manager.daemon.pid).rss];
  const { snapshots } = await watchers.ask<Heard>("events");
  values.lost = [snapshots - options.watchers];
  await watchers.stop();
  return { label: STORE_WORDS[store], values };
}

export const fanOut: Part = {
  name: "fan-out",
  title: "A manager with many watchers",
  about: `Clients with a connection and a watch each (one process, on the manager's host), as agents have them. ${LONE} changes, each made when the one before is with all:
*with each*, *with the last* are from the writer's call. Then ${WRITERS} writers change keys as fast as they are answered: changes a second until all watchers have all. Last, every client keeps a lease alive
each second, as agents do.`,
  columns: [
    { key: "each", title: "with each, p50", unit: "ms", statistic: "p50", digits: 0 },
    { key: "each", title: "p99", unit: "ms", statistic: "p99", digits: 0 },
    { key: "last", title: "with the last", unit: "ms", statistic: "spread", digits: 0 },
    { key: "rate", title: "changes to all", unit: "/s", statistic: "median", digits: 0 },
    { key: "rateCpu", title: "manager's CPU meanwhile", unit: "%", statistic: "median", digits: 0 },
    { key: "idleCpu", title: "CPU at rest", unit: "%", statistic: "median", digits: 1 },
    { key: "livingCpu", title: "CPU with leases kept", unit: "%", statistic: "median", digits: 0 },
    { key: "memory", title: "manager's memory", unit: "MiB", statistic: "max", digits: 0 },
    { key: "alone", title: "without watchers", unit: "MiB", statistic: "max", digits: 0 },
    { key: "connect", title: "all connected in", unit: "s", statistic: "median", digits: 1 },
    { key: "lost", title: "watches begun anew", unit: "", statistic: "sum", digits: 0 },
  ],
  conditions: ({ watchers, seconds }) =>
    `${watchers.toLocaleString("en")} watchers, ${seconds} s of changes; 100 % = one CPU; clients, manager and store share this machine's CPUs`,
  async run(options, told) {
    const rows: Row[] = [];
    for (const store of options.stores) rows.push(await withCluster(2, store, told, (stood) => measure(stood, store, options, told)));
    return rows;
  },
};
