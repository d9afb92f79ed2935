// How a container fares, from the files that its shim left (shim.pl): `pid`, made once before anything runs, and `exit`, made once when all is
// over. A shim that is gone without a word was killed, or went down with the host. Main thread.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createFile } from "../sys/replace-file.ts";
import { readJson } from "./files.ts";

export type Run =
  /** Nothing has run. `abandoned`: and nothing will. */
  | { state: "creating"; abandoned: boolean }
  /** `pid`: of its shim, which is process 1 in there. */
  | { state: "running"; pid: number; startedAt: string }
  | { state: "exited"; startedAt: string | null; finishedAt: string; exitCode: number; error: string };

/** What stands in DIR/pid; pid 0: abandoned. `since`: clock ticks from boot to its start; `boot`: which boot. */
interface ShimFile {
  pid: number;
  since: number;
  boot: string;
  at: string;
}

interface ExitFile {
  code: number;
  signal: number | null;
  error: string;
  at: string;
}

/** Of a shim whose host lost its power before the file was on the disk: one of an earlier boot. */
const LOST: ShimFile = { pid: -1, since: 0, boot: "", at: "" };
/** 128 + SIGKILL. */
const KILLED = 137;
/** Docker's, for what it found dead after a reboot. */
const LOST_WITH_HOST = 255;

/** Throws Node's errors. `now`: when it is found to have ended, if nobody else said when. */
export function readRun(directory: string, now: () => string): Run {
  const shim = readShim(directory);
  // The shim ends after it has written the other file: so whether it lives is asked first.
  const alive = shim !== undefined && isAlive(shim);
  const exit = readExit(directory);
  const startedAt = shim?.at || null;
  if (exit) return { state: "exited", startedAt, finishedAt: exit.at, exitCode: exit.code, error: exit.error };
  if (!shim || shim.pid === 0) return { state: "creating", abandoned: shim !== undefined };
  if (alive) return { state: "running", pid: shim.pid, startedAt: shim.at };
  const rebooted = shim.boot !== bootId();
  const exitCode = rebooted ? LOST_WITH_HOST : KILLED;
  const error = rebooted ? "the host was restarted" : "it was killed together with its shim";
  const finishedAt = now();
  writeExit(directory, exitCode, error, finishedAt);
  return { state: "exited", startedAt, finishedAt, exitCode, error };
}

/** Tells how it ended when the shim cannot; what the shim said itself stands. Throws OperationError. */
export function writeExit(directory: string, code: number, error: string, at: string): void {
  createFile(join(directory, "exit"), JSON.stringify({ code, signal: null, error, at } satisfies ExitFile));
}

/** Sees to it that nothing will run there, whoever is about to start it. False when something does, or did. Throws OperationError or Node's errors. */
export function abandonRun(directory: string): boolean {
  createFile(join(directory, "pid"), JSON.stringify({ pid: 0, since: 0, boot: "", at: "" } satisfies ShimFile));
  return readShim(directory)?.pid === 0;
}

/** Whether the shim is gone as a process, and so all in its PID namespace. Throws Node's errors. */
export function isGone(directory: string): boolean {
  const shim = readShim(directory);
  return !shim || !isAlive(shim);
}

function readShim(directory: string): ShimFile | undefined {
  try {
    return readJson(join(directory, "pid")) as ShimFile | undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return LOST;
    throw error;
  }
}

/** A damaged one makes room for what is known without it. */
function readExit(directory: string): ExitFile | undefined {
  const file = join(directory, "exit");
  try {
    return readJson(file) as ExitFile | undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    rmSync(file);
    return undefined;
  }
}

/** By its start, too: a number that another process has now is not it. */
function isAlive({ pid, since, boot }: ShimFile): boolean {
  if (pid === 0 || boot !== bootId()) return false;
  try {
    // proc(5): "pid (name) state …", start as field 22. The name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[19]) === since && fields[0] !== "Z" && fields[0] !== "X";
  } catch {
    return false;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
