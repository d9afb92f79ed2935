// What this machine is: the part of a report that makes its figures comparable. Main thread.

import { existsSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchMachine } from "../model/bench.ts";
import { OperationError } from "../model/errors.ts";
import { VERSION } from "../model/version.ts";
import { versionOf } from "./iperf-report.ts";
import { hasTool, runTool } from "./tool.ts";

const TOOL_MS_MAX = 5000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export async function describeMachine(stop: AbortSignal): Promise<BenchMachine> {
  const iperf3 = await runTool(["iperf3", "--version"], { netns: null, stop, timeoutMs: TOOL_MS_MAX });
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpus: cpus().length,
    kernel: release(),
    weft: VERSION,
    commit: await commit(stop),
    iperf3: versionOf(iperf3.stdout),
    load: loadavg()[0],
  };
}

/** Of the working tree that weft runs from, with a "+" when files differ from it; null when there is none, or no git. */
async function commit(stop: AbortSignal): Promise<string | null> {
  // Without this, a tree around weft's own folder would be taken for it.
  if (!hasTool("git") || !existsSync(join(ROOT, ".git"))) return null;
  const git = async (...words: string[]) => {
    const argv = ["git", "--no-optional-locks", "-C", ROOT, ...words];
    const { code, stdout } = await runTool(argv, { netns: null, stop, timeoutMs: TOOL_MS_MAX });
    return code === 0 ? stdout.trim() : null;
  };
  try {
    const hash = await git("rev-parse", "--short", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no");
    return hash && `${hash}${changes ? "+" : ""}`;
  } catch (error) {
    if (error instanceof OperationError) return null;
    throw error;
  }
}
