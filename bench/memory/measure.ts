// The measured traffic: small datagrams as fast as they go (a frame a read), a ping that waits for each answer (a frame a breath), TCP (superframes), and what each data path thread allocated meanwhile, beside the frames and breaths that it counted itself.

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as abi from "../../assembly/abi/index.ts";
import { type Agent, portFor, startAgent } from "../../lab/agent.ts";
import { run } from "../../lab/command.ts";
import { CoreMemory } from "../../lab/core-memory.ts";
import type { Lab } from "../../lab/lab.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { iperf } from "../../lab/traffic/iperf.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { eventually } from "../../lab/wait.ts";
import { ProbeClient, probed } from "./client.ts";
import type { Options } from "./options.ts";
import { type Allocator, allocators } from "./profile.ts";
import { ANSWER_MS } from "./protocol.ts";

const VNI = 42;
/** The only network gets the first index. */
const NETWORK = 1;
const STREAMS = 4;
const UDP_BYTES = 64;
/** Traffic goes on for longer than is looked at, so that threads that work are awake when they are asked, however long others are waited for. */
const TAIL_SECONDS = (2 * ANSWER_MS) / 1000 + 1;

/** One phase on one host, all its data path threads together. */
export interface Measurement {
  phase: string;
  host: string;
  frames: number;
  /** System calls that moved frames. */
  calls: number;
  breaths: number;
  seconds: number;
  /** Allocated in JavaScript. */
  bytes: number;
  allocators: Allocator[];
  /** Growth of the heaps; with no collection in between, an upper bound of what was allocated by another witness. */
  heapGrowth: number;
  collections: number;
  /** Data path threads, and how many of them slept at the end: a thread that sleeps allocates nothing. */
  threads: number;
  asleep: number;
}

interface Probed {
  agent: Agent;
  client: ProbeClient;
  memory: CoreMemory;
}

interface Ends {
  lab: Lab;
  from: Container;
  to: Container;
}

const PHASES: { name: string; traffic(ends: Ends, seconds: number): Promise<unknown> }[] = [
  {
    name: `UDP ${UDP_BYTES} B, flooded`,
    traffic: ({ lab, from, to }, seconds) => iperf(lab, { from: from.netns, to: to.netns, address: to.ip4, seconds, udpBytes: UDP_BYTES }),
  },
  {
    name: "ping, each waits for its answer",
    traffic: ({ from, to }, seconds) => run(["ping", "-q", "-n", "-A", "-w", `${seconds}`, to.ip4], { netns: from.netns }),
  },
  {
    name: `TCP, ${STREAMS} streams`,
    traffic: ({ lab, from, to }, seconds) => iperf(lab, { from: from.netns, to: to.netns, address: to.ip4, seconds, streams: STREAMS }),
  },
];

/** Every phase on a pair of hosts of its own, which the lab removes. */
export async function measurePhases(lab: Lab, options: Options): Promise<Measurement[]> {
  const hosts = (await underlay(lab, ["a", "b"])) as [Host, Host];
  const ends: Ends = { lab, from: await container(lab, "from", 1), to: await container(lab, "to", 2) };
  const sides = [await stand(hosts[0], hosts[1], ends.from, options), await stand(hosts[1], hosts[0], ends.to, options)];
  try {
    await eventually("a ping through", async () => (await ping(ends.from.netns, ends.to.ip4, { count: 1, waitSeconds: 1 })).received === 1);
    const measurements: Measurement[] = [];
    for (const { name, traffic } of PHASES) {
      const ended = traffic(ends, options.warm + options.seconds + TAIL_SECONDS);
      measurements.push(...(await Promise.all([watch(name, sides, options), ended]))[0]);
    }
    return measurements;
  } finally {
    for (const { client, memory } of sides) {
      client.close();
      memory.close();
    }
  }
}

async function stand(host: Host, other: Host, container: Container, { workers, injection }: Options): Promise<Probed> {
  const socket = join(host.lab.directory, `${host.name}.probe`);
  const network = { name: "bench", vni: VNI, peers: [other.ip4], ports: [portFor(container)] };
  const agent = await startAgent(host, { workers, injection, networks: [network], environment: probed(socket) });
  return { agent, client: await ProbeClient.open(socket), memory: new CoreMemory(agent.pid) };
}

interface Counts {
  frames: number;
  calls: number;
  breaths: number;
}

const CALLS = [abi.S_TAP_READ_CALLS, abi.S_RECEIVE_CALLS, abi.S_SEND_CALLS, abi.S_WRITES];

/** Low words of what the workers count, straight from their memory: the agent's metrics would come too late. */
function countsOf(memory: CoreMemory, workers: number): Counts[] {
  const blocks = memory.read(abi.HEADER + abi.H_WORKER);
  return Array.from({ length: workers }, (_, worker) => {
    const block = blocks + worker * abi.WORKER_BYTES;
    const counter = (index: number) => memory.read(block + abi.W_COUNTERS + NETWORK * abi.COUNTER_ROW_BYTES + 8 * index);
    const stat = (offset: number) => memory.read(block + abi.W_STATS + offset);
    const frames = counter(abi.C_RECEIVED_PORT) + counter(abi.C_RECEIVED_UNDERLAY);
    return { frames, calls: CALLS.reduce((sum, offset) => sum + stat(offset), 0), breaths: stat(abi.S_BREATHS) };
  });
}

/** Sums the growth of each count; it may have passed 2^32 once. */
function growth(before: readonly Counts[], after: readonly Counts[]): Counts {
  const sum = (key: keyof Counts) => after.reduce((total, counts, worker) => total + ((counts[key] - before[worker][key]) >>> 0), 0);
  return { frames: sum("frames"), calls: sum("calls"), breaths: sum("breaths") };
}

async function watch(phase: string, sides: readonly Probed[], { warm, seconds, workers }: Options): Promise<Measurement[]> {
  await delay(warm * 1000);
  const befores = await Promise.all(
    sides.map(async ({ client, memory }) => {
      await client.start();
      return { counts: countsOf(memory, workers), at: performance.now() };
    }),
  );
  await delay(seconds * 1000);
  return Promise.all(
    sides.map(async ({ agent, client, memory }, side) => {
      const counts = growth(befores[side].counts, countsOf(memory, workers));
      const elapsed = (performance.now() - befores[side].at) / 1000;
      const answers = await client.stop();
      const reports = answers.filter((report) => report !== null);
      if (reports.length === 0)
        throw new Error(`${phase}: no data path thread of host ${agent.host.name} answered; the machine is too busy`);
      const found = allocators(reports.map(({ profile }) => profile));
      const sum = (of: (report: (typeof reports)[number]) => number) => reports.reduce((total, report) => total + of(report), 0);
      return {
        phase,
        host: agent.host.name,
        ...counts,
        seconds: elapsed,
        bytes: found.reduce((total, { bytes }) => total + bytes, 0),
        allocators: found,
        heapGrowth: sum(({ heapBefore, heapAfter }) => heapAfter - heapBefore),
        collections: sum(({ collections }) => collections),
        threads: answers.length,
        asleep: answers.length - reports.length,
      };
    }),
  );
}
