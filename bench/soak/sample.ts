// What is looked at once a second of each agent: its process (/proc) and its own metrics.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Agent } from "../../lab/agent.ts";
import { type Sample as Metric, scrapeRelay, total } from "../../lab/metrics.ts";

const SECOND_MS = 1000;
const KIB = 1024;

export interface Sample {
  /** Seconds since the load began. */
  at: number;
  /** Resident memory that is the agent's own: anonymous and shared, the packet core's among it. */
  ownBytes: number;
  /** Resident pages of files: programs and libraries. The kernel takes and returns them as it likes. */
  fileBytes: number;
  heapBytes: number;
  descriptors: number;
  threads: number;
  frames: number;
  dropped: number;
}

function take(agent: Agent, metrics: readonly Metric[], at: number): Sample {
  const status = readFileSync(`/proc/${agent.pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
  return {
    at,
    ownBytes: (field("RssAnon") + field("RssShmem")) * KIB,
    fileBytes: field("RssFile") * KIB,
    heapBytes: total(metrics, "nodejs_heap_size_used_bytes"),
    descriptors: readdirSync(`/proc/${agent.pid}/fd`).length,
    threads: field("Threads"),
    frames: total(metrics, "weft_frames_total"),
    dropped: total(metrics, "weft_dropped_frames_total"),
  };
}

/** Looks at every agent once a second until `signal`; rejects when one is gone. */
export async function watch(agents: readonly Agent[], relays: readonly string[], signal: AbortSignal): Promise<Sample[][]> {
  const samples: Sample[][] = agents.map(() => []);
  const began = performance.now();
  for (let second = 1; !signal.aborted; second++) {
    await delay(Math.max(0, began + second * SECOND_MS - performance.now()), undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    const at = (performance.now() - began) / 1000;
    const metrics = await Promise.all(relays.map(scrapeRelay));
    for (const [i, agent] of agents.entries()) samples[i].push(take(agent, metrics[i], at));
  }
  return samples;
}
