// A cluster in the lab: `weft up` on the first host, `weft join` on the others, each in its host's network namespace with a state directory and
// a socket of its own; stopped, killed and started again at will. What containers a test leaves behind is removed when the lab closes.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { WEFT } from "./agent.ts";
import { attempt, type CommandResult, run } from "./command.ts";
import type { Daemon, Exit } from "./daemon.ts";
import { parseMetrics, type Sample, scrape } from "./metrics.ts";
import { addressOf, type Family, type Host } from "./topology.ts";

const METRICS = "127.0.0.1:9477";
const READY = /^weft ready.*$/m;
const READY_MS = 30_000;
const MANAGER_PORT = 2377;

export interface MemberOptions {
  family?: Family;
  /** More flags of `weft up` or `weft join`. */
  flags?: readonly string[];
  environment?: Record<string, string>;
  /** Put before the program's name, e.g. ["faketime", "+1h"]. */
  wrapper?: readonly string[];
}

/** One host's agent: the same through all its restarts. */
export class Member {
  readonly host: Host;
  readonly stateDir: string;
  readonly socket: string;
  readonly #argv: readonly string[];
  readonly #options: MemberOptions;
  #daemon: Daemon | null = null;

  constructor(host: Host, argv: readonly string[], options: MemberOptions) {
    this.host = host;
    this.#options = options;
    this.stateDir = join(host.lab.directory, `${host.name}.state`);
    this.socket = join(host.lab.directory, `${host.name}.sock`);
    const advertise = addressOf(host, options.family ?? 4);
    const common = ["--name", host.name, "--advertise", advertise, "--metrics", METRICS];
    this.#argv = [...argv, ...common, "--state-dir", this.stateDir, "--socket", this.socket, ...(options.flags ?? [])];
  }

  get daemon(): Daemon {
    if (!this.#daemon) throw new Error(`${this.host.name}: not started`);
    return this.#daemon;
  }

  /** Starts it without waiting until it serves: for what is refused. */
  spawn(): Daemon {
    const { netns, name, lab } = this.host;
    // Not `ip netns exec`: that has mounts of its own, and the namespaces of containers would be seen by nobody else.
    const argv = ["nsenter", `--net=/run/netns/${netns}`, ...(this.#options.wrapper ?? []), WEFT, ...this.#argv];
    this.#daemon = lab.spawn(argv, { name: `weft ${name}`, environment: this.#options.environment });
    return this.#daemon;
  }

  /** Starts it, again if need be, and waits for its `weft ready` line, which is the answer. */
  async start(timeoutMs = READY_MS): Promise<string> {
    const [line] = await this.spawn().waitFor(READY, "stdout", timeoutMs);
    return line;
  }

  /** SIGTERM. */
  stop(): Promise<Exit> {
    return this.daemon.stop();
  }

  /** kill -9. */
  kill(): Promise<Exit> {
    return this.daemon.kill();
  }

  /** A command on this host, e.g. attempt("network", "ls"). */
  attempt(...words: string[]): Promise<CommandResult> {
    return attempt([WEFT, "--host", `unix://${this.socket}`, ...words], { netns: this.host.netns });
  }

  /** The same; rejects when it fails. Gives what it printed, trimmed. */
  async weft(...words: string[]): Promise<string> {
    const text = await run([WEFT, "--host", `unix://${this.socket}`, ...words], { netns: this.host.netns });
    return text.trim();
  }

  /** What a command prints as JSON. */
  async json<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.weft(...words)) as T;
  }

  async metrics(): Promise<Sample[]> {
    return parseMetrics(await scrape(this.host.netns, METRICS));
  }
}

export class Cluster {
  readonly members: Member[];
  readonly #options: MemberOptions;

  constructor(members: Member[], options: MemberOptions) {
    this.members = members;
    this.#options = options;
  }

  get manager(): Member {
    return this.members[0];
  }

  /** Members that join by the worker token; not started. */
  async newMembers(hosts: readonly Host[], options: MemberOptions = {}): Promise<Member[]> {
    const token = await this.manager.weft("token", "worker", "-q");
    const address = addressOf(this.manager.host, this.#options.family ?? 4);
    const at = address.includes(":") ? `[${address}]:${MANAGER_PORT}` : `${address}:${MANAGER_PORT}`;
    const members = hosts.map((host) => new Member(host, ["join", "--token", token, at], { ...this.#options, ...options }));
    this.members.push(...members);
    for (const member of members) cleanUpWith(member);
    return members;
  }

  async newMember(host: Host, options: MemberOptions = {}): Promise<Member> {
    const [member] = await this.newMembers([host], options);
    return member;
  }
}

/** A cluster of one: its manager. `flags`: of `weft up` alone. Resolves when it serves. */
export async function foundCluster(host: Host, options: MemberOptions = {}, flags: readonly string[] = []): Promise<Cluster> {
  const manager = new Member(host, ["up", ...flags], options);
  cleanUpWith(manager);
  await manager.start();
  return new Cluster([manager], options);
}

/** A cluster of the hosts: the first is its manager. Resolves when all serve. */
export async function startCluster(hosts: readonly Host[], options: MemberOptions = {}): Promise<Cluster> {
  const [first, ...rest] = hosts;
  const cluster = await foundCluster(first, options);
  if (rest.length > 0) await Promise.all((await cluster.newMembers(rest)).map((member) => member.start()));
  return cluster;
}

/** It ends with its lab, and its containers with it. */
export function cleanUpWith(member: Member): void {
  member.host.lab.defer(async () => {
    if (member.daemon.exit === null) await member.stop().catch(() => {});
    await removeContainers(member.stateDir);
  });
}

/** Containers outlive their agent: whatever a state directory still has is ended, and its namespace removed. */
async function removeContainers(stateDir: string): Promise<void> {
  const directory = join(stateDir, "containers");
  if (!existsSync(directory)) return;
  for (const id of readdirSync(directory)) {
    const netns = `weft-${id.slice(0, 12)}`;
    const { stdout } = await attempt(["ip", "netns", "pids", netns]);
    for (const pid of stdout.split(/\s+/).filter(Boolean)) kill(Number(pid));
    for (const file of ["shim.pid", "pid"]) {
      const path = join(directory, id, file);
      if (existsSync(path)) kill(Number.parseInt(readFileSync(path, "utf8"), 10));
    }
    await attempt(["ip", "netns", "del", netns]);
  }
}

function kill(pid: number): void {
  try {
    if (pid > 1) process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
