// What this host's agent counts while a path is measured, from its Prometheus metrics (docs/metrics.md): whether the frames went through weft at
// all, and where the lost ones were lost. Main thread.

import { get } from "node:http";
import type { AgentFrames, NetworkFrames } from "../model/bench.ts";
import { messageOf, OperationError } from "../model/errors.ts";

const ANSWER_MS_MAX = 3000;
const ANSWER_CHARACTERS_MAX = 64 * 1024 * 1024;
const LINE = /^(weft_\w+)(?:\{(.*)\})? (\S+)/gm;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** One reading of an agent's counters. */
export interface Reading {
  agent: { version: string; node: string; backend: string };
  frames: AgentFrames;
}

/** Asks `HOST:PORT`. Rejects with OperationError when no weft agent answers there. */
export async function readCounters(address: string): Promise<Reading> {
  const place = `metrics at ${address}`;
  const text = await fetchText(`http://${address}/metrics`).catch((cause) => {
    throw new OperationError(`${place}: ${messageOf(cause)}: does an agent serve them there (metrics: in its file)?`, { cause });
  });
  const reading = parseCounters(text);
  if (reading === null) throw new OperationError(`${place}: these are not a weft agent's`);
  return reading;
}

/** An exposition as a reading; null when it is not a weft agent's. */
export function parseCounters(text: string): Reading | null {
  const agent = { version: "", node: "", backend: "" };
  const networks = new Map<string, NetworkFrames>();
  const kernelDropped = { fromContainers: 0, fromUnderlay: 0 };
  for (const [, name, words = "", number] of text.matchAll(LINE)) {
    const labels = Object.fromEntries([...words.matchAll(LABEL)].map(([, key, value]) => [key, value]));
    const value = Number(number);
    if (name === "weft_build_info") agent.version = labels.version ?? "";
    else if (name === "weft_node_info") Object.assign(agent, { node: labels.node, backend: labels.backend });
    else if (name === "weft_port_dropped_frames_total") kernelDropped.fromContainers += value;
    else if (name === "weft_socket_dropped_datagrams_total") kernelDropped.fromUnderlay += value;
    else if (name === "weft_frames_total" || name === "weft_dropped_frames_total") {
      const row = networks.get(labels.network) ?? { network: labels.network, sent: 0, delivered: 0, dropped: {} };
      networks.set(labels.network, row);
      if (labels.reason !== undefined) row.dropped[labels.reason] = (row.dropped[labels.reason] ?? 0) + value;
      else if (labels.direction === "sent") row.sent += value;
      else if (labels.direction === "delivered") row.delivered += value;
    }
  }
  return agent.version === "" ? null : { agent, frames: { networks: [...networks.values()], kernelDropped } };
}

/** What was counted between two readings, added to `sum`. An agent that was restarted meanwhile begins at 0 again. */
export function addDifference(sum: AgentFrames, before: AgentFrames, after: AgentFrames): AgentFrames {
  const since = (now: number, then: number) => (now >= then ? now - then : now);
  const networks = after.networks.map(({ network, sent, delivered, dropped }) => {
    const named = (rows: readonly NetworkFrames[]) => rows.find((row) => row.network === network);
    const [old, total] = [named(before.networks), named(sum.networks)];
    const drops = Object.entries(dropped).map(([reason, frames]): [string, number] => [
      reason,
      (total?.dropped[reason] ?? 0) + since(frames, old?.dropped[reason] ?? 0),
    ]);
    return {
      network,
      sent: (total?.sent ?? 0) + since(sent, old?.sent ?? 0),
      delivered: (total?.delivered ?? 0) + since(delivered, old?.delivered ?? 0),
      dropped: Object.fromEntries(drops.filter(([, frames]) => frames > 0)),
    };
  });
  const kernel = (key: keyof AgentFrames["kernelDropped"]) =>
    sum.kernelDropped[key] + since(after.kernelDropped[key], before.kernelDropped[key]);
  return { networks, kernelDropped: { fromContainers: kernel("fromContainers"), fromUnderlay: kernel("fromUnderlay") } };
}

export const NO_FRAMES: AgentFrames = { networks: [], kernelDropped: { fromContainers: 0, fromUnderlay: 0 } };

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, timeout: ANSWER_MS_MAX }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
        if (text.length > ANSWER_CHARACTERS_MAX) asked.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`))));
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${ANSWER_MS_MAX / 1000} s`)));
    asked.on("error", reject);
  });
}
