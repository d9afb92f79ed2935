// Runs a tool of the system to its end, in a network namespace if asked, with a bound on its time and output. When the run is stopped the tool
// is ended and waited for, so nothing of ours is left when the promise settles. A tool has a session of its own: a terminal's Ctrl-C reaches
// weft alone, which then ends the tool. Main thread.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { messageOf, OperationError } from "../model/errors.ts";

/** From SIGTERM to SIGKILL: iperf3 uses it to say goodbye to its server. */
const GRACE_MS = 1000;
const OUTPUT_CHARACTERS_MAX = 64 * 1024 * 1024;
/** How nsenter begins what it says. */
export const NSENTER = "nsenter: ";
/** Where a user's PATH leaves out the system's folders. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Tools that `weft bench` drives, by the Debian package that has them. */
const PACKAGES: Record<string, string> = {
  iperf3: "iperf3",
  ping: "iputils-ping",
  ip: "iproute2",
  nsenter: "util-linux",
  setpriv: "util-linux",
  ethtool: "ethtool",
};

/** It did not end in time, and was killed. */
export class LateError extends OperationError {}

export interface ToolOptions {
  /** Path of the namespace; null = weft's own. */
  netns: string | null;
  stop: AbortSignal;
  timeoutMs: number;
}

export interface ToolResult {
  /** null: ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The environment of every tool: English, and the system's folders found. */
function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", PATH: folders().join(delimiter) };
}

/** The words that run `argv` in a namespace. nsenter execs it, so the process id stays the tool's own. */
export function inNetns(netns: string | null, argv: readonly string[]): string[] {
  return netns === null ? [...argv] : ["nsenter", `--net=${netns}`, "--", ...argv];
}

/** Whether a tool is installed. */
export function hasTool(name: string): boolean {
  return folders().some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Throws OperationError when one of these is not installed. */
export function requireTools(...names: string[]): void {
  const missing = names.find((name) => !hasTool(name));
  if (missing !== undefined) throw new OperationError(`${missing} is not installed (Debian package ${PACKAGES[missing]})`);
}

/**
 * Runs `argv` to its end, whatever its exit code. Rejects with the reason of `stop`, or with OperationError when it cannot be started, does
 * not end in time, or the namespace cannot be entered.
 */
export async function runTool(argv: readonly string[], { netns, stop, timeoutMs }: ToolOptions): Promise<ToolResult> {
  stop.throwIfAborted();
  const [file, ...rest] = inNetns(netns, argv);
  const { child, ended } = startTool(file, rest, stop);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    signalGroup(child, "SIGKILL");
  }, timeoutMs);
  try {
    const result = await ended;
    stop.throwIfAborted();
    if (late) throw new LateError(`${argv[0]} did not end within ${timeoutMs / 1000} s`);
    refuseNetns(netns, result);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a program that `stop` ends; `ended` resolves with what it printed, and rejects with OperationError when it could not be started. */
export function startTool(file: string, words: readonly string[], stop: AbortSignal): { child: ChildProcess; ended: Promise<ToolResult> } {
  const child = spawn(file, words, { stdio: ["ignore", "pipe", "pipe"], detached: true, env: toolEnvironment() });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] = (output[name] + text).slice(0, OUTPUT_CHARACTERS_MAX);
    });
  let grace: NodeJS.Timeout | undefined;
  const end = () => {
    signalGroup(child, "SIGTERM");
    grace = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
  };
  stop.addEventListener("abort", end, { once: true });
  const ended = new Promise<ToolResult>((resolve, reject) => {
    child.once("error", (cause) => reject(new OperationError(`${file} cannot be started: ${messageOf(cause)}`, { cause })));
    child.once("close", (code) => resolve({ code, ...output }));
  }).finally(() => {
    stop.removeEventListener("abort", end);
    clearTimeout(grace);
  });
  return { child, ended };
}

/** To the tool and whatever it started. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // They have ended.
  }
}

/** Throws OperationError when it was nsenter that failed. */
export function refuseNetns(netns: string | null, { code, stderr }: ToolResult): void {
  if (netns !== null && code !== 0 && stderr.startsWith(NSENTER)) throw netnsError(netns, stderr);
}

/** What nsenter said about a namespace, as our own. */
export function netnsError(netns: string, said: string): OperationError {
  const root = said.includes("not permitted") ? " (entering it needs root)" : "";
  return new OperationError(`network namespace ${netns}: ${said.replace(NSENTER, "").trim()}${root}`);
}

function folders(): string[] {
  return [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS];
}
