// Workers without an agent: two hosts in this process, each with its own shared memory, tables and worker pool; their UDP sockets are in the hosts'
// network namespaces and their TAPs in the containers'. What an agent does with files and iproute2, the test does by hand.

import * as abi from "../../../assembly/abi/index.ts";
import { Entries } from "../../../host/core/entries.ts";
import { writeFlood } from "../../../host/core/flood.ts";
import { Grace } from "../../../host/core/grace.ts";
import { createMemory } from "../../../host/core/layout.ts";
import { instantiate, loadCore } from "../../../host/core/module.ts";
import { readCounters, readStats } from "../../../host/core/read.ts";
import { Tables } from "../../../host/core/tables.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { REASON_LIST } from "../../../host/model/reason.ts";
import { EventFd } from "../../../host/sys/eventfd.ts";
import { closeFd } from "../../../host/sys/fd.ts";
import { openTapIn } from "../../../host/sys/netns-thread.ts";
import { keepTap } from "../../../host/sys/tap.ts";
import { type WorkerFailure, WorkerPool } from "../../../host/worker/pool.ts";
import type { Backend } from "../../../host/worker/task.ts";
import { ipBatch } from "../../../lab/command.ts";
import { addressOf, type Container, type Family, type Host, setSysctl } from "../../../lab/topology.ts";
import { eventually } from "../../../lab/wait.ts";
import { Place } from "../sys/place.ts";

export const VNI = 42;
export const NETWORK = 1;
const MTU = { 4: 1450, 6: 1430 } as const;
const DATA_PORT = 4789;
/** Threads start slowly on a busy machine. */
const START_MS_MAX = 30_000;
/** assembly/abi/counter.ts, by name. */
const COUNTERS = {
  received_port: abi.C_RECEIVED_PORT,
  received_underlay: abi.C_RECEIVED_UNDERLAY,
  generated: abi.C_GENERATED,
  copies: abi.C_COPIES,
  delivered: abi.C_DELIVERED,
  sent: abi.C_SENT,
  answered: abi.C_ANSWERED,
};
const CAME = ["received_port", "received_underlay", "generated", "copies"];

export interface NodeOptions {
  backend: Backend;
  family: Family;
  workers?: number;
}

export class WorkerNode {
  readonly failures: WorkerFailure[] = [];
  readonly memory: WebAssembly.Memory;
  readonly entries: Entries;
  readonly tables: Tables;
  readonly grace: Grace;
  readonly pool: WorkerPool;
  readonly workers: number;
  readonly receivers: number[] = [];
  readonly #fds: number[];
  readonly #doorbells: EventFd[];
  /** File descriptors of ports. */
  readonly #ports = new Map<number, number>();
  readonly #peers: number[] = [];
  readonly #mtu: number;

  private constructor(options: NodeOptions, sockets: { receiver: number; senders: number[] }[]) {
    const { backend, family } = options;
    const module = loadCore();
    this.workers = sockets.length;
    this.memory = createMemory({ workers: this.workers, fdbCapacity: 1024, addressCapacity: 1024, features: 0 });
    this.entries = new Entries(this.memory);
    this.grace = new Grace(this.memory);
    this.tables = new Tables(instantiate(module, this.memory), this.memory, () => false);
    this.receivers = sockets.map(({ receiver }) => receiver);
    this.#fds = sockets.flatMap(({ receiver, senders }) => [receiver, ...senders]);
    this.#doorbells = sockets.map(() => new EventFd());
    this.#mtu = MTU[family];
    const tasks = sockets.map(({ receiver, senders }, worker) => {
      const doorbell = this.#doorbells[worker].fd;
      return {
        worker,
        backend,
        pinned: false,
        spinMicroseconds: 0,
        memory: this.memory,
        module,
        family,
        receiver,
        senders,
        descriptors: this.entries.descriptors,
        tunnelTap: -1,
        doorbell,
      };
    });
    this.pool = new WorkerPool(tasks, (failure) => this.failures.push(failure));
    const policy = { tos: -1, ttl: 64, ageingSeconds: 300, learnedMax: 0 };
    this.entries.setNetwork(NETWORK, { vni: VNI, flags: 0, mtu: this.#mtu, ...policy });
  }

  /** A host's node with its workers running, no port and no peer. */
  static async open(host: Host, options: NodeOptions): Promise<WorkerNode> {
    const place = new Place(host.netns);
    const address = addressOf(host, options.family);
    const sockets: { receiver: number; senders: number[] }[] = [];
    for (let worker = 0; worker < (options.workers ?? 1); worker++) {
      const gro = options.backend === "native";
      const receiver = await place.call("openReceiver", { address, port: DATA_PORT, first: worker === 0, gro });
      const senders: number[] = [];
      for (let i = 0; i < abi.TX_SOCKETS; i++) senders.push(await place.call("openSender", { address }));
      sockets.push({ receiver, senders });
    }
    await place.close();
    const node = new WorkerNode(options, sockets);
    node.tables.setVtepAddress(parseIp(address), 0);
    const generation = node.grace.begin();
    node.pool.start();
    await node.grace.seen(generation, START_MS_MAX);
    return node;
  }

  async published(): Promise<void> {
    const generation = this.grace.begin();
    this.pool.wake();
    await this.grace.seen(generation);
  }

  /** Gives a container its eth0 as port `index`, read by worker `owner`. */
  async addPort(index: number, inside: Container, owner = 0): Promise<void> {
    const { fd } = await openTapIn(`/run/netns/${inside.netns}`, "eth0");
    keepTap(fd);
    // IPv4 alone: an IPv6 stack reports and solicits whenever it likes, and these tests count every frame.
    await setSysctl(inside.netns, "net.ipv6.conf.eth0.disable_ipv6", "1");
    const set = [`link set eth0 address ${inside.mac} mtu ${this.#mtu}`, `address replace ${inside.ip4}/24 dev eth0`, "link set eth0 up"];
    await ipBatch(set, inside.netns);
    this.entries.setPort(index, { fd, owner, network: NETWORK, mac: parseMac(inside.mac) });
    this.#ports.set(index, fd);
    this.tables.setFdb(NETWORK, parseMac(inside.mac), { kind: "port", index, isStatic: true });
    await this.#flood();
  }

  /** Takes a port from the workers and closes its descriptor; the interface stays. */
  async removePort(index: number): Promise<void> {
    const fd = this.#ports.get(index) as number;
    this.entries.setPortState(index, abi.PORT_CLOSING);
    this.tables.flushFdb(NETWORK, "port", index);
    this.#ports.delete(index);
    await this.#flood();
    closeFd(fd);
    this.entries.setPortState(index, abi.PORT_FREE);
  }

  /** Another host as VTEP `index`: a peer, and the place of these containers. */
  async addPeer(index: number, address: string, containers: readonly Container[]): Promise<void> {
    const bytes = parseIp(address);
    this.entries.setVtep(index, { family: address.includes(":") ? 6 : 4, port: DATA_PORT, mtu: this.#mtu, address: bytes });
    this.tables.setVtepAddress(bytes, index);
    this.#peers.push(index);
    for (const { mac } of containers) this.tables.setFdb(NETWORK, parseMac(mac), { kind: "vtep", index, isStatic: true });
    await this.#flood();
  }

  /** A counter of all workers together: a name of COUNTERS, or a drop reason. `network` 0: what belongs to none. */
  count(name: string, network = NETWORK): number {
    const reason = REASON_LIST.find(({ label }) => label === name);
    const index = reason ? abi.C_DROPPED + reason.number : COUNTERS[name as keyof typeof COUNTERS];
    return this.#rows(network).reduce((sum, row) => sum + Number(row[index]), 0);
  }

  /** A word of a worker's statistics (S_*). */
  stat(word: number, worker = 0): number {
    return Number(readStats(this.memory, worker)[word / 8]);
  }

  /** Frames that came and frames that went, by the identity of assembly/abi/counter.ts: equal at rest, in every network. */
  books(network = NETWORK): { came: number; went: number } {
    const sum = (names: string[]) => names.reduce((total, name) => total + this.count(name, network), 0);
    const went = Object.keys(COUNTERS).filter((name) => !CAME.includes(name));
    return { came: sum(CAME), went: sum([...went, ...REASON_LIST.map(({ label }) => label)]) };
  }

  /** Waits until nothing moves any more. */
  async settled(): Promise<void> {
    let last = "";
    await eventually("a node's counters to stand still", () => {
      const now = JSON.stringify([this.books(0), this.books()]);
      const still = now === last;
      last = now;
      return still;
    });
  }

  /** Milliseconds that the workers took to stop. */
  async stop(): Promise<number> {
    const began = performance.now();
    await this.pool.stop();
    return performance.now() - began;
  }

  async close(): Promise<void> {
    await this.stop();
    for (const fd of [...this.#fds, ...this.#ports.values()]) closeFd(fd);
    for (const doorbell of this.#doorbells) doorbell.close();
  }

  async #flood(): Promise<void> {
    // Both copies are free once every worker has seen the one before.
    await this.published();
    writeFlood(this.memory, NETWORK, { vteps: this.#peers, ports: [...this.#ports.keys()], sources: this.#peers });
    await this.published();
  }

  #rows(network: number): BigUint64Array[] {
    return Array.from({ length: this.workers }, (_, worker) => readCounters(this.memory, worker, network));
  }
}
