// What is looked at once a second of each agent: its process (/proc) and its own metrics, through a relay that stays, since a new program in the host's
// namespace for each look would be a load of its own.

import { readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Agent } from "../../lab/agent.ts";
import { type Sample as Metric, parseMetrics, total } from "../../lab/metrics.ts";
import { eventually } from "../../lab/wait.ts";

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

/** Makes an agent's metrics reachable from here; gives the path of a UNIX socket. */
export async function relayMetrics({ host, file }: Agent): Promise<string> {
  const path = join(host.lab.directory, `${host.name}.metrics`);
  host.lab.spawn(["socat", `UNIX-LISTEN:${path},fork`, `TCP:${file.metrics}`], { netns: host.netns, name: "socat" });
  await eventually(`the metrics of host ${host.name}`, async () => (await scrape(path)).length > 0);
  return path;
}

function scrape(socketPath: string): Promise<Metric[]> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: "/metrics" }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve(parseMetrics(text))).on("error", reject);
    });
    request.on("error", reject);
  });
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
    const metrics = await Promise.all(relays.map(scrape));
    for (const [i, agent] of agents.entries()) samples[i].push(take(agent, metrics[i], at));
  }
  return samples;
}
