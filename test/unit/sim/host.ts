// A host: what is left of it when its agent is killed. Its disk (the journal and the last plan), its kernel (sandboxes, the interfaces in them), and what
// its users believe to have.

import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLUSTER_FILE, CONTAINERS, ENDPOINTS, NODES_FILE } from "../../../host/agent/member/state-files.ts";
import type { Role } from "../../../host/model/cluster/records.ts";
import type { PortConfig } from "../../../host/model/config.ts";
import type { Desired } from "../../../host/model/forwarding.ts";
import type { Agent } from "./agent.ts";
import type { Interfaces } from "./tables.ts";

/** A network namespace, and how its user came by it. */
export interface Sandbox {
  host: Host;
  /** File that stands for the namespace: its inode is its identity. */
  path: string;
  /** `run` makes it, and an agent that finds it half made or half removed clears it away; `connect` finds it, and the user does. */
  kind: "run" | "connect";
  state: "making" | "made" | "removing" | "gone";
  /** What the user was told that it has. */
  has: { endpoint: string; network: string; ip: string; mac: string } | null;
  /** The schedule has had its addresses freed under it: it may lose them, or have them with another. */
  forfeited: boolean;
}

/** In a sandbox, as the kernel has it. */
export interface Interface {
  host: Host;
  netns: string;
  name: string;
  vni: number;
  mac: string;
  ips: string[];
}

export class Host implements Interfaces {
  readonly name: string;
  readonly role: Role;
  readonly vtep: string;
  skewMs: number;
  readonly directory: string;
  /** In the cluster; another one once it has left and joined again. */
  id: string;
  incarnation = 0;
  membership: "member" | "removed" | "left" = "member";
  /** It was leaving when its agent was killed: the next start goes on with that. */
  leaving = false;
  agent: Agent | null = null;
  lastPlan: Desired = new Map();
  readonly all = new Map<string, Interface>();
  readonly sandboxes: Sandbox[] = [];
  /** Told before an interface is made. */
  readonly #onMake: (made: Interface) => void;
  #count = 0;

  constructor(
    options: { name: string; role: Role; vtep: string; skewMs: number; directory: string; id: string },
    onMake: (made: Interface) => void,
  ) {
    const { name, role, vtep, skewMs, directory, id } = options;
    this.name = name;
    this.role = role;
    this.vtep = vtep;
    this.skewMs = skewMs;
    this.id = id;
    this.directory = join(directory, name);
    this.#onMake = onMake;
    mkdirSync(join(this.directory, "netns"), { recursive: true });
  }

  /** HOST:PORT of its front. */
  get front(): string | null {
    return this.role === "manager" ? `${this.vtep}:2377` : null;
  }

  has(key: string): boolean {
    return this.all.has(key);
  }

  make(key: string, { netns, interface: name, addresses, mac }: PortConfig, vni: number): void {
    if (!this.sandboxes.some(({ path, state }) => path === netns && state !== "gone")) throw new Error(`${netns}: no network namespace`);
    const made = { host: this, netns, name, vni, mac, ips: addresses.map((cidr) => cidr.split("/")[0]) };
    this.#onMake(made);
    this.all.set(key, made);
  }

  remove(key: string): void {
    this.all.delete(key);
  }

  newSandbox(kind: Sandbox["kind"]): Sandbox {
    const path = join(this.directory, "netns", String(this.#count++));
    writeFileSync(path, "");
    const sandbox: Sandbox = { host: this, path, kind, state: "making", has: null, forfeited: false };
    this.sandboxes.push(sandbox);
    return sandbox;
  }

  /** The namespace goes, and what is in it. */
  destroy(sandbox: Sandbox): void {
    sandbox.state = "gone";
    sandbox.has = null;
    rmSync(sandbox.path, { force: true });
    for (const [key, { netns }] of this.all) if (netns === sandbox.path) this.all.delete(key);
    this.sandboxes.splice(this.sandboxes.indexOf(sandbox), 1);
  }

  /** A file of the journal did not reach the disk whole. */
  loseJournal(which: number): void {
    const directory = join(this.directory, ENDPOINTS);
    const files = existsSync(directory) ? readdirSync(directory) : [];
    if (files.length > 0) truncateSync(join(directory, files[which % files.length]), 1);
  }

  setClock(skewMs: number): void {
    this.skewMs = skewMs;
    if (this.agent) this.agent.proc.skewMs = skewMs;
  }

  /** `weft leave`, or its state directory removed by hand: nothing of the cluster is left. */
  forget(): void {
    for (const name of [ENDPOINTS, CONTAINERS, CLUSTER_FILE, NODES_FILE])
      rmSync(join(this.directory, name), { recursive: true, force: true });
    this.lastPlan = new Map();
    this.all.clear();
    for (const sandbox of [...this.sandboxes]) this.destroy(sandbox);
  }
}
