// What one round trip consists of: real agents under a ping that waits for each answer, everything on one CPU, once as they are and once with
// a clock between them and what they call (clock.ts).

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Agent, portFor, startAgent } from "../../lab/agent.ts";
import { run } from "../../lab/command.ts";
import type { Lab } from "../../lab/lab.ts";
import { linuxVtep } from "../../lab/linux-vtep.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { ping, pingAdaptive } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { median, trimmedMean } from "../statistics.ts";

const CLOCK = fileURLToPath(new URL("./clock.ts", import.meta.url));
const VNI = 42;
const CPU = "0";
const WARM = 5000;
const PART = 0.25;

export interface Stage {
  name: string;
  /** Calls for each round trip. */
  calls: number;
  /** Of one call, the clock's own time taken off. */
  nanoseconds: number;
}

export interface Account {
  /** Microseconds: without a clock, with it, and Linux's vxlan in the same place. */
  roundTrip: number;
  clocked: number;
  linux: number;
  hosts: { host: string; stages: Stage[] }[];
}

interface Ends {
  hosts: Host[];
  containers: Container[];
}

async function ends(lab: Lab): Promise<Ends> {
  return { hosts: await underlay(lab, ["a", "b"]), containers: [await container(lab, "from", 1), await container(lab, "to", 2)] };
}

/** Round trips in microseconds, once everything is warm; also how many there were in all. */
async function roundTrips(
  { containers: [from, to] }: Ends,
  pids: readonly number[],
  count: number,
): Promise<{ time: number; all: number }> {
  for (const pid of pids) await run(["taskset", "-a", "-p", "-c", CPU, `${pid}`]);
  await eventually("a ping through", async () => (await ping(from.netns, to.ip4, { count: 1, waitSeconds: 1 })).received === 1);
  const pinned = (pings: number) => pingAdaptive(from.netns, to.ip4, pings, 60, ["taskset", "-c", CPU]);
  const warm = await pinned(WARM);
  const { times, received } = await pinned(count);
  return { time: trimmedMean(times, PART) * 1000, all: warm.received + received + 1 };
}

async function agents({ hosts, containers }: Ends, environment: Record<string, string> = {}): Promise<Agent[]> {
  const network = (side: number) => ({ name: "bench", vni: VNI, peers: [hosts[1 - side].ip4], ports: [portFor(containers[side])] });
  return [
    await startAgent(hosts[0], { networks: [network(0)], environment }),
    await startAgent(hosts[1], { networks: [network(1)], environment }),
  ];
}

async function linux(lab: Lab, count: number): Promise<number> {
  const at = await ends(lab);
  for (const side of [0, 1])
    await (await linuxVtep(at.hosts[side], { vni: VNI, peers: [at.hosts[1 - side].ip4] })).attach(at.containers[side]);
  return (await roundTrips(at, [], count)).time;
}

type Kept = { name: string; calls: number; samples: number[] }[];

/** What the data path thread of a process kept: it is the one that waited for events. */
function read(folder: string, pid: number, trips: number): Stage[] {
  const all = readdirSync(folder)
    .filter((file) => file.startsWith(`${pid}-`))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Kept);
  const worker = all.find((kept) => kept.some(({ name }) => name === "epoll_wait"));
  if (!worker) throw new Error(`no data path thread of process ${pid} has told its times`);
  const clock = median(worker.find(({ name }) => name === "clock")?.samples ?? []);
  return worker
    .filter(({ name }) => name !== "clock")
    .map(({ name, calls, samples }) => ({ name, calls: calls / trips, nanoseconds: Math.max(0, median(samples) - clock) }))
    .filter(({ calls }) => calls >= 0.01);
}

/** `open` gives a fresh lab each time; the caller closes them. */
export async function account(open: () => Promise<Lab>, count: number): Promise<Account> {
  const plain = await ends(await open());
  const { time: roundTrip } = await roundTrips(
    plain,
    (await agents(plain)).map(({ pid }) => pid),
    count,
  );
  const lab = await open();
  const folder = join(lab.directory, "stages");
  mkdirSync(folder);
  const at = await ends(lab);
  const both = await agents(at, { NODE_OPTIONS: `--import=${CLOCK}`, STAGES_FOLDER: folder });
  const pids = both.map(({ pid }) => pid);
  const { time: clocked, all } = await roundTrips(at, pids, count);
  for (const agent of both) await agent.stop();
  return {
    roundTrip,
    clocked,
    linux: await linux(await open(), count),
    hosts: both.map(({ host, pid }) => ({ host: host.name, stages: read(folder, pid, all) })),
  };
}
