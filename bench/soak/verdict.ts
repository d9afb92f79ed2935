// What must hold after the load, and what is told besides.

import type { Agent } from "../../lab/agent.ts";
import { type NetworkBooks, settledBooks } from "../../lab/books.ts";
import { total } from "../../lab/metrics.ts";
import { checksumErrors } from "../../lab/snmp.ts";
import type { Options } from "./options.ts";
import type { Sample } from "./sample.ts";
import { isFlat, type Point, type Trend, trend } from "./slope.ts";
import type { World } from "./world.ts";

const MIB = 2 ** 20;
/** Descriptors and threads come and go with containers and connections; a leak of one a round passes this within minutes. */
const COUNT_BOUND = 16;
/** A busy machine's queues overflow, and a container that comes and goes has no port meanwhile. Nothing else may be lost. */
const EXPECTED_DROPS = new Set(["full_ring", "port_down"]);

export interface AgentVerdict {
  host: string;
  /** RSS without files', that of files, and the main thread's heap in MiB, descriptors and threads, after warming up. */
  rss: Trend;
  files: Trend;
  heap: Trend;
  descriptors: Trend;
  threads: Trend;
  books: Record<string, NetworkBooks>;
  /** Frames a second, received, delivered and sent together. */
  framesPerSecond: number;
  /** What does not hold; empty = all does. */
  complaints: string[];
}

/** Judges one agent at rest. */
export async function judge(agent: Agent, samples: readonly Sample[], options: Options): Promise<AgentVerdict> {
  const warm = samples.filter(({ at }) => at >= options.warmSeconds);
  const over = (value: (sample: Sample) => number) => trend(warm.map((sample): Point => ({ at: sample.at, value: value(sample) })));
  const { networks } = await settledBooks(agent);
  const rss = over(({ ownBytes }) => ownBytes / MIB);
  // On hosts that reclaim what is cold, these fall and rise by tens of MiB, for all processes at once.
  const files = over(({ fileBytes }) => fileBytes / MIB);
  const complaints: string[] = [];
  if (!isFlat(rss, options.boundMiB))
    complaints.push(
      `RSS (without files) climbed by ${rss.climb.toFixed(1)} MiB (${rss.perHour.toFixed(0)} MiB/h); ${options.boundMiB} is the bound`,
    );
  const descriptors = over((sample) => sample.descriptors);
  const threads = over((sample) => sample.threads);
  if (!isFlat(descriptors, COUNT_BOUND)) complaints.push(`descriptors climbed by ${descriptors.climb.toFixed(0)}`);
  if (!isFlat(threads, COUNT_BOUND)) complaints.push(`threads climbed by ${threads.climb.toFixed(0)}`);
  for (const [name, book] of Object.entries(networks)) complaints.push(...bookComplaints(name, book));
  const restarts = total(await agent.metrics(), "weft_worker_restarts_total");
  if (restarts > 0) complaints.push(`${restarts} workers had to be replaced`);
  const [first, last] = [warm[0], warm[warm.length - 1]];
  return {
    host: agent.host.name,
    rss,
    files,
    heap: over(({ heapBytes }) => heapBytes / MIB),
    descriptors,
    threads,
    books: networks,
    framesPerSecond: (last.frames - first.frames) / (last.at - first.at),
    complaints,
  };
}

function bookComplaints(name: string, { came, went, dropped }: NetworkBooks): string[] {
  const network = name === "" ? "frames of no network" : `network ${name}`;
  const complaints = came === went ? [] : [`${network}: ${came} frames came, ${went} went`];
  for (const [reason, frames] of Object.entries(dropped))
    if (!EXPECTED_DROPS.has(reason)) complaints.push(`${network}: ${frames} frames dropped as ${reason}`);
  return complaints;
}

/** Wrong checksums that the containers' and the hosts' stacks have found. */
export async function checksumComplaints({ load, mixed, guest, hosts }: World): Promise<string[]> {
  const complaints: string[] = [];
  for (const { name, netns } of [...load, ...mixed, guest, ...hosts]) {
    const errors = await checksumErrors(netns);
    if (errors > 0) complaints.push(`${errors} packets reached ${name} with a wrong checksum`);
  }
  return complaints;
}
