// Where a benchmark ran: what a reader needs to judge its figures.

import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { attempt } from "../lab/command.ts";
import type { Host } from "../lab/topology.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Machine {
  cpu: string;
  cpus: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  iperf3: string;
  /** Short hash; "+" = with changes that are not committed. */
  commit: string;
  date: string;
  load: number;
}

export async function describeMachine(): Promise<Machine> {
  const git = async (...words: string[]) => (await attempt(["git", "-C", ROOT, ...words])).stdout.trim();
  const dirty = (await git("status", "--porcelain", "--untracked-files=no")) !== "";
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    iperf3: (await attempt(["iperf3", "--version"])).stdout.split(" ")[1] ?? "unknown",
    commit: `${(await git("rev-parse", "--short", "HEAD")) || "unknown"}${dirty ? "+" : ""}`,
    date: new Date().toISOString(),
    load: loadavg()[0],
  };
}

/** The offloads of a host's underlay device that are on (ethtool -k). */
export async function offloads(host: Host): Promise<string[]> {
  const { stdout } = await attempt(["ethtool", "-k", host.device], { netns: host.netns });
  return [...stdout.matchAll(/^\s*([\w-]+): on/gm)].map((match) => match[1]);
}
