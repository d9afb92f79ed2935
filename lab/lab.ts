// A lab: the namespaces, processes and files that one test, demo or benchmark makes, under one unique prefix, and their removal: in order
// when it closes, at once when the process ends for another reason, and at the next start when it was killed.
// Names are wt<pid>l<number>-<name>, so that two labs never meet and a sweep can tell whose maker is gone.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, ipBatch, run } from "./command.ts";
import { Daemon, type DaemonOptions } from "./daemon.ts";

const OURS = /^wt(\d+)l\d+-/;
const open = new Set<Lab>();
let count = 0;

export class Lab {
  /** A directory of its own, removed with the lab. */
  readonly directory: string;
  readonly prefix: string;
  readonly #namespaces: string[] = [];
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #daemons: Daemon[] = [];

  private constructor() {
    this.prefix = `wt${process.pid}l${count++}`;
    this.directory = mkdtempSync(join(tmpdir(), `${this.prefix}-`));
  }

  /** Opens a lab, after removing what labs whose process is gone have left. Needs root. */
  static async open(): Promise<Lab> {
    if (process.getuid?.() !== 0) throw new Error("the lab makes network namespaces: it needs root");
    if (open.size === 0) {
      watchForEnd();
      await sweep();
    }
    const lab = new Lab();
    open.add(lab);
    return lab;
  }

  /** Makes a network namespace with loopback up; `name` is a few letters. Gives its full name. */
  async namespace(name: string): Promise<string> {
    const full = `${this.prefix}-${name}`;
    await run(["ip", "netns", "add", full]);
    this.#namespaces.push(full);
    await ipBatch(["link set lo up"], full);
    return full;
  }

  /** Removes a namespace before the lab ends. */
  async removeNamespace(full: string): Promise<void> {
    this.#namespaces.splice(this.#namespaces.indexOf(full), 1);
    await destroy(full);
  }

  /** Starts a process that ends with the lab at the latest. */
  spawn(argv: readonly string[], options: DaemonOptions = {}): Daemon {
    const daemon = new Daemon(argv, options);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Something to undo when the lab closes, last first, before processes are killed and namespaces removed. */
  defer(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** Undoes everything. Goes on after an error, and rejects with the first at the end. */
  async close(): Promise<void> {
    if (!open.delete(this)) return;
    const errors: unknown[] = [];
    const guard = async (step: () => Promise<unknown>) => {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const undo of this.#undo.reverse()) await guard(undo);
    await Promise.all(this.#daemons.map((daemon) => guard(() => daemon.kill())));
    await Promise.all(this.#namespaces.map((netns) => guard(() => destroy(netns))));
    rmSync(this.directory, { recursive: true, force: true });
    if (errors.length) throw errors[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The same without waiting for anyone: for the end of the process. */
  abandon(): void {
    if (!open.delete(this)) return;
    for (const daemon of this.#daemons) daemon.signal("SIGKILL");
    for (const netns of this.#namespaces) destroyNow(netns);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Kills what runs in a namespace, then removes it (which removes its interfaces). */
async function destroy(netns: string): Promise<void> {
  const { stdout } = await attempt(["ip", "netns", "pids", netns]);
  killAll(stdout);
  await run(["ip", "netns", "del", netns]);
}

function destroyNow(netns: string): void {
  try {
    killAll(execFileSync("ip", ["netns", "pids", netns], { encoding: "utf8", stdio: "pipe" }));
    execFileSync("ip", ["netns", "del", netns], { stdio: "pipe" });
  } catch {
    // It is gone already, or the next sweep finds it.
  }
}

function killAll(pids: string): void {
  for (const pid of pids.split(/\s+/).filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function sweep(): Promise<void> {
  const orphaned = (name: string) => {
    const match = OURS.exec(name);
    return match !== null && !alive(Number(match[1]));
  };
  const { stdout } = await attempt(["ip", "netns", "list"]);
  for (const line of stdout.split("\n")) {
    const name = line.split(" ")[0];
    if (orphaned(name)) destroyNow(name);
  }
  for (const name of readdirSync(tmpdir())) if (orphaned(name)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

let watching = false;

function watchForEnd(): void {
  if (watching) return;
  watching = true;
  process.on("exit", () => {
    for (const lab of open) lab.abandon();
  });
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)
    process.once(signal, () => process.exit(code));
}
