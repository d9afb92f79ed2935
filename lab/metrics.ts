// Reads the Prometheus text format, and asks an agent for it from inside its host's namespace.

import { get } from "node:http";
import { join } from "node:path";
import { run } from "./command.ts";
import type { Host } from "./topology.ts";
import { eventually } from "./wait.ts";

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Parses an exposition; comments are skipped. */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const match = line.startsWith("#") ? null : LINE.exec(line);
    if (!match) continue;
    const labels: Record<string, string> = {};
    for (const [, key, value] of (match[2] ?? "").matchAll(LABEL)) labels[key] = value;
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return samples;
}

/** Sum of a metric's samples whose labels agree with `labels`. */
export function total(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  let sum = 0;
  for (const sample of samples) {
    if (sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)) sum += sample.value;
  }
  return sum;
}

/** By a shell: a Node of its own would take twenty times as long, of a CPU that the agents need. */
const SCRAPE = `set -e; exec 3<>"/dev/tcp/$0/$1"; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; exec cat <&3`;

/** GET http://HOST:PORT/metrics from inside a namespace. */
export async function scrape(netns: string, address: string): Promise<string> {
  const answer = await run(["bash", "-c", SCRAPE, ...address.split(":")], { netns });
  const body = answer.indexOf("\r\n\r\n") + 4;
  if (!answer.startsWith("HTTP/1.1 200 ")) throw new Error(`metrics at ${address}: ${answer.slice(0, body).trim()}`);
  return answer.slice(body);
}

/**
 * Makes an agent's metrics reachable from here; gives the path of a UNIX socket. For those who look often: a new program in the host's namespace for each
 * look would be a load of its own.
 */
export async function relayMetrics({ lab, name, netns }: Host, address: string): Promise<string> {
  const path = join(lab.directory, `${name}.metrics`);
  lab.spawn(["socat", `UNIX-LISTEN:${path},fork`, `TCP:${address}`], { netns, name: "socat" });
  await eventually(`the metrics of host ${name}`, async () => (await scrapeRelay(path)).length > 0);
  return path;
}

export function scrapeRelay(socketPath: string): Promise<Sample[]> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: "/metrics", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve(parseMetrics(text))).on("error", reject);
    });
    request.on("error", reject);
  });
}
