// A whole cluster in one process and in virtual time: hosts with their agents, managers over one store, the network between them. A schedule does things to
// it (deeds.ts); what must always hold is looked at as it goes (invariants.ts), what must hold in the end once it has come to rest (oracle.ts).

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEntries } from "../../../host/cluster/restore.ts";
import { CLUSTER_KEY, ENDPOINTS, MEMBERS_KEY, nodeKey, PROBE_SECRET_KEY, ROOT, tokenKey } from "../../../host/model/cluster/keys.ts";
import { type ClusterRecord, type NodeRecord, type Role, rewrite } from "../../../host/model/cluster/records.ts";
import type { Range } from "../../../host/model/cluster/store.ts";
import type { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import { Random } from "../../oracle/random.ts";
import { Agent } from "./agent.ts";
import { Backend } from "./backend.ts";
import { Host } from "./host.ts";
import { Mirror } from "./invariants.ts";
import { Network } from "./network.ts";
import { START_MS, VirtualTime } from "./virtual.ts";
import type { SimWatch } from "./watch.ts";

/** A file system in memory, where there is one: journals and stores are written to it and synced. */
const MEMORY = "/dev/shm";
/** systemd starts an agent again after so long, about. */
const RESTART_MS = 1000;
const HOUR_MS = 3_600_000;

export interface WorldOptions {
  seed: number;
  /** The embedded store: one manager, and the store ends with it. Otherwise several managers over what stands for an etcd. */
  embedded: boolean;
  managers: number;
  workers: number;
  trace: boolean;
}

export class World {
  readonly random: Random;
  readonly time: VirtualTime;
  readonly network: Network;
  readonly backend: Backend;
  readonly embedded: boolean;
  readonly hosts: Host[] = [];
  readonly watches = new Set<SimWatch>();
  readonly mirror: Mirror;
  readonly forces = { nodes: new Set<string>(), networks: new Set<string>(), day: false };
  clusterId = "c".repeat(25);
  readonly lines: string[] = [];
  /** What `weft backup` wrote last. */
  #backup: Range | null = null;
  /** 24 hours that pass while nothing else does. */
  #skippedMs = 0;
  readonly #directory: string;
  readonly #traced: boolean;
  readonly #uninstall: () => void;

  constructor({ seed, embedded, managers, workers, trace }: WorldOptions) {
    this.random = new Random(seed);
    this.embedded = embedded;
    this.#traced = trace;
    this.#directory = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "weft-sim-"));
    this.time = new VirtualTime(new Random(seed ^ 0x5eed));
    this.#uninstall = this.time.install();
    this.network = new Network(this.time, this.random);
    this.backend = new Backend(this.time, this.random, this.#directory);
    this.mirror = new Mirror(
      () => this.hosts,
      this.forces,
      () => this.time.now,
    );
    this.backend.onCommit = (events) => {
      try {
        this.mirror.take(events);
      } catch (error) {
        this.time.fail(error);
      }
      const keys = events.map((event) => (event.type === "put" ? event.entry.key : event.key));
      if (trace)
        this.trace(
          `store: ${events.map((event) => (event.type === "put" ? `${event.entry.key}=${event.entry.value}` : `-${event.key}`)).join(" ")}`,
        );
      for (const watch of this.watches) if (keys.some((key) => key.startsWith(watch.prefix))) watch.soon();
    };
    for (let number = 0; number < managers + workers; number++) this.#addHost(number, number < managers ? "manager" : "worker");
  }

  /** Everybody is a member, and all agents are being started. */
  async begin(): Promise<void> {
    this.backend.start();
    const cluster: ClusterRecord = {
      id: this.clusterId,
      createdAt: new Date(START_MS).toISOString(),
      dataPort: 4789,
      pools: [{ base: "10.0.0.0/16", size: 26 }],
    };
    const store = this.backend.client();
    const records: [string, object | number][] = [
      [CLUSTER_KEY, cluster],
      [MEMBERS_KEY, this.hosts.length],
      [PROBE_SECRET_KEY, { key: Buffer.alloc(32).toString("base64") }],
      [tokenKey("worker"), { secret: "w" }],
      [tokenKey("manager"), { secret: "m" }],
      ...this.hosts.map((host): [string, object] => [nodeKey(host.id), recordOf(host)]),
    ];
    await store.commit(
      [],
      records.map(([put, record]) => ({ put, value: JSON.stringify(record) })),
    );
    if (this.embedded) this.backend.stop();
    for (const host of this.hosts) this.start(host);
  }

  /** The clock by which managers count how long a node is dead. */
  get monotonic(): number {
    return this.time.now + this.#skippedMs;
  }

  day(): void {
    this.forces.day = true;
    this.#skippedMs += 24 * HOUR_MS;
  }

  managers(): Host[] {
    return this.hosts.filter(({ role, membership }) => role === "manager" && membership === "member");
  }

  host(name: string): Host {
    return this.hosts.find((host) => host.name === name) as Host;
  }

  /** By HOST:PORT of its front. */
  hostAt(address: string): Host {
    return this.hosts.find(({ front }) => front === address) as Host;
  }

  start(host: Host): void {
    if (host.agent || host.membership !== "member") return;
    if (host.leaving) {
      host.leaving = false;
      host.membership = "left";
      host.forget();
      return;
    }
    this.trace(`${host.name}: starts`);
    host.agent = new Agent(this, host);
  }

  startSoon(host: Host): void {
    this.time.after(RESTART_MS, () => this.start(host));
  }

  /** kill -9. */
  kill(host: Host): void {
    this.trace(`${host.name}: is killed`);
    host.agent?.kill();
  }

  /** `weft backup`. */
  async backup(): Promise<void> {
    if (this.backend.running) this.#backup = await this.backend.client().list(ROOT);
  }

  /** The manager's disk is lost, and `weft restore` makes another of the backup. What it does not know may be lost to those who have it. */
  async restore(): Promise<void> {
    if (!this.#backup || !this.embedded) return;
    const { entries } = this.#backup;
    this.trace("restore");
    const [manager] = this.hosts;
    this.kill(manager);
    this.mirror.forget();
    this.backend.replace();
    this.backend.start();
    const id = this.newNodeId();
    const kept = entries.filter(({ lease }) => lease === "0");
    const lines = kept.map(({ key, value }) => {
      return JSON.stringify([key, key === CLUSTER_KEY ? rewrite<ClusterRecord>(value, { id, restoredFrom: this.clusterId }) : value]);
    });
    this.clusterId = id;
    await loadEntries(this.backend.client(), lines.join("\n"));
    this.backend.stop();
    // Their connections have ended with the old one, also of those that nothing is told in the new one.
    for (const watch of this.watches) watch.soon();
    for (const { sandboxes } of this.hosts) {
      for (const sandbox of sandboxes) {
        const known = kept.some(({ key }) => key.startsWith(ENDPOINTS) && key.endsWith(`/${sandbox.has?.endpoint}`));
        if (!known) sandbox.forfeited = true;
      }
    }
    this.startSoon(manager);
  }

  /** A host that was removed, or has left, is made a member again: another node in the same place. */
  async join(host: Host): Promise<void> {
    if (host.membership === "member" || host.agent || !this.backend.running) return;
    host.forget();
    const id = this.newNodeId();
    await putMember(this.backend.client(), { ...recordOf(host), id });
    host.id = id;
    host.incarnation = 0;
    host.membership = "member";
    this.start(host);
  }

  newNodeId(): string {
    return Buffer.from(this.random.bytes(13)).toString("hex").slice(0, 25);
  }

  routesOf(host: Host): { destination: string; device: string }[] {
    return host.name === "h1" ? [{ destination: "10.0.0.64/26", device: "vpn0" }] : [];
  }

  logger(name: string) {
    const tell = (what: object | string, message = "") =>
      this.trace(`${name}: ${message} ${typeof what === "string" ? what : JSON.stringify(what)}`);
    return { debug: tell, info: tell, warn: tell, error: tell };
  }

  trace(line: string): void {
    if (this.#traced) this.lines.push(`${this.time.now.toFixed(2).padStart(10)} ${line}`);
  }

  close(): void {
    for (const host of this.hosts) host.agent?.proc.kill();
    this.backend.stop();
    this.#uninstall();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #addHost(number: number, role: Role): void {
    const { random } = this;
    const skewMs = random.oneIn(3) ? random.pick([-HOUR_MS, HOUR_MS]) : 0;
    const options = { name: `h${number}`, role, vtep: `192.168.0.${number + 1}`, skewMs, directory: this.#directory, id: this.newNodeId() };
    this.hosts.push(
      new Host(options, (made) => {
        try {
          this.mirror.beforeInterface(made);
        } catch (error) {
          this.time.fail(error);
        }
      }),
    );
  }
}

function recordOf({ id, name, role, vtep, front }: Host): NodeRecord {
  const joinedAt = new Date(START_MS).toISOString();
  return { id, name, role, availability: "active", vtep, manager: front, joinedAt, deadSince: null };
}

/** As host/cluster/admission.ts does it, less what it checks. */
async function putMember(store: EngineStore, record: NodeRecord): Promise<void> {
  const members = await store.get(MEMBERS_KEY);
  await store.commit(
    [],
    [
      { put: nodeKey(record.id), value: JSON.stringify(record) },
      { put: MEMBERS_KEY, value: String(Number(members?.value ?? 0) + 1) },
    ],
  );
}
