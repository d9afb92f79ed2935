// The ports of this host: made or adopted, given to the workers, watched, let go. A TAP's descriptor pins its network namespace, so a namespace whose path
// is gone is let go at once; when the path leads to a namespace again, the port is made again. Every method is called within a change of
// host/control/forwarding.ts, one after the other. Main thread only.
//
//   closed (fd -1) ──open──► up ──withdrawn──► held by workers (fd, not up) ──a grace period──► closed

import * as abi from "../../assembly/abi/index.ts";
import type { PortConfig } from "../model/config.ts";
import { messageOf, OperationError } from "../model/errors.ts";
import { parseMac } from "../model/mac.ts";
import { netnsId, netnsIs, netnsPath } from "../netdev/netns-path.ts";
import { configurePort, ensurePort, type OpenPort, restorePort, wrongOf } from "../netdev/port.ts";
import { txDropped } from "../sys/net-dev.ts";
import { tapName } from "../sys/tap.ts";
import type { DataPlane } from "./dataplane.ts";
import { Indices } from "./indices.ts";
import { Leftovers } from "./leftovers.ts";
import type { Network } from "./networks.ts";
import {
  closeDescriptors,
  giveToWorkers,
  interfaceOf,
  isGiven,
  isOwn,
  type OwnPort,
  type Port,
  placeOf,
  removeInterface,
  takeFromWorkers,
} from "./port.ts";
import type { PortPlace } from "./port-record.ts";
import type { Retired } from "./retired.ts";

/** Interfaces that are made at a time: each takes a few runs of ip(8). */
const AT_ONCE = 4;

export type PortEvent = "created" | "adopted" | "lost" | "removed" | "failed" | "restored";

export interface PortsOptions {
  plane: DataPlane;
  retired: Retired;
  /** Name of this host. */
  node: string;
  /** File of the record (host/control/port-record.ts). */
  record: string;
  /** A network's flood list is to be written anew. */
  reflood: (network: Network) => void;
  /** Makes workers know of what was changed; answers what could not be done. */
  publish: () => Promise<string[]>;
  log: (port: OwnPort, event: PortEvent, detail?: string) => void;
  /** What became of an interface that an earlier agent left; `why`: it could not be removed. */
  onLeftover: (place: PortPlace, why?: string) => void;
}

export class Ports {
  readonly #options: PortsOptions;
  readonly #indices = new Indices(abi.PORTS_MAX);
  readonly #byIndex = new Map<number, Port>();
  readonly #byNetwork = new Map<Network, Map<string, Port>>();
  /** Why a port could last not be had: told once, not once a second. */
  readonly #failures = new Map<Port, string>();
  readonly #leftovers: Leftovers;
  #closed = false;

  constructor(options: PortsOptions) {
    this.#options = options;
    this.#leftovers = new Leftovers(options.record);
  }

  /** Attached ones among them. */
  get all(): Port[] {
    return [...this.#byIndex.values()];
  }

  at(index: number): Port | undefined {
    return this.#byIndex.get(index);
  }

  of(network: Network): OwnPort[] {
    return [...(this.#byNetwork.get(network)?.values() ?? [])].filter(isOwn);
  }

  find(network: Network, key: string): OwnPort | undefined {
    const port = this.#byNetwork.get(network)?.get(key);
    return port && isOwn(port) ? port : undefined;
  }

  /** Indices of those that are up, in order. */
  upIn(network: Network): number[] {
    const up = [...(this.#byNetwork.get(network)?.values() ?? [])].filter((port) => port.up);
    return up.map(({ index }) => index).sort((a, b) => a - b);
  }

  /** A port that is wanted; open() makes it. Throws OperationError when there is no room for it. */
  add(network: Network, key: string, config: PortConfig): OwnPort {
    const port = this.#register(network, key, config.mac, config) as OwnPort;
    // If an earlier agent left it, it is adopted.
    port.exists = this.#leftovers.take(placeOf(port));
    return port;
  }

  /** Gives the workers a descriptor that somebody else opened (only probes do), and closes once detach() is done. Throws OperationError when there is no room. */
  attach(network: Network, fd: number, mac: string): Port {
    const port = this.#register(network, "probe", mac, null);
    port.fd = fd;
    this.#give(port);
    return port;
  }

  /** Makes or adopts ports; answers what could not be had, one line each. Those are tried again by look(). */
  async open(ports: readonly OwnPort[]): Promise<string[]> {
    if (ports.length === 0) return [];
    const failures: string[] = [];
    const fail = (port: OwnPort, why: string) => {
      this.#failures.set(port, why);
      failures.push(lineOf(port, why));
    };
    // None is made that the next agent would not know of.
    const [unwritten] = this.#remember();
    if (unwritten !== undefined) {
      for (const port of ports) fail(port, unwritten);
      return failures;
    }
    for (let from = 0; from < ports.length; from += AT_ONCE) {
      const some = ports.slice(from, from + AT_ONCE);
      const results = await Promise.allSettled(some.map((port) => this.#ensure(port)));
      for (const [i, result] of results.entries()) {
        try {
          if (result.status === "rejected") throw result.reason;
          this.#admit(some[i], result.value);
          this.#failures.delete(some[i]);
        } catch (error) {
          fail(some[i], messageOf(error));
        }
      }
      failures.push(...(await this.#options.publish()));
    }
    return failures;
  }

  /** Brings a port to another configuration, or to another MTU of its network. Rejects with OperationError: then it is as it was. */
  async change(port: OwnPort, config: PortConfig): Promise<void> {
    this.#assertFree(port.network, config.mac, port);
    if (port.up) await configurePort(interfaceOf(port, config, this.#options.node));
    const before = parseMac(port.mac);
    port.config = config;
    port.mac = config.mac;
    if (!port.up) return;
    const { tables } = this.#options.plane;
    giveToWorkers(this.#options.plane, port);
    if (before !== parseMac(config.mac) && tables.fdb(port.network.index, before)?.index === port.index) {
      tables.removeFdb(port.network.index, before);
    }
  }

  /** Takes a port from the workers for good; it is closed, and its interface removed, when a grace period is over. */
  withdraw(port: Port): void {
    this.#byIndex.delete(port.index);
    this.#byNetwork.get(port.network)?.delete(port.key);
    this.#failures.delete(port);
    if (port.up) this.#take(port);
    this.#options.retired.later(async () => {
      this.#options.plane.entries.setPortState(port.index, abi.PORT_FREE);
      const closed = closeDescriptors(port);
      this.#indices.give(port.index);
      if (isOwn(port)) await this.#remove(port, closed);
    });
  }

  withdrawAll(network: Network): void {
    for (const port of [...(this.#byNetwork.get(network)?.values() ?? [])]) this.withdraw(port);
    this.#byNetwork.delete(network);
  }

  /** The workers' hands off it; it stays wanted. */
  lose(port: OwnPort, why: string): void {
    this.#take(port);
    port.exists = false;
    this.#options.retired.later(() => {
      this.#options.plane.entries.setPortState(port.index, abi.PORT_FREE);
      closeDescriptors(port);
    });
    this.#options.log(port, "lost", why);
  }

  /** Lets go of those whose namespace is gone. */
  loseGone(): void {
    for (const port of this.all) {
      if (isOwn(port) && port.up && !netnsIs(port.netnsPath, port.netnsId)) this.lose(port, "its network namespace is gone");
    }
  }

  /** Makes those that are wanted and not open; answers why some cannot be had. `all`: also those whose namespace is not there. */
  async openMissing(all: boolean): Promise<string[]> {
    const missing = this.all.filter(isOwn).filter((port) => port.fd === -1 && (all || exists(port.netnsPath)));
    const told = new Map(missing.map((port) => [port, this.#failures.get(port)]));
    const failures = await this.open(missing);
    for (const port of missing) {
      const why = this.#failures.get(port);
      if (why !== undefined && why !== told.get(port)) this.#options.log(port, "failed", why);
    }
    return failures;
  }

  /** Wanted, and not there. */
  get missing(): number {
    return this.all.filter((port) => !port.up).length;
  }

  /** Puts right rows and entries of the ports that are up; answers how many were wrong. */
  repair(): number {
    const wrong = this.all.filter((port) => port.up && !isGiven(this.#options.plane, port));
    for (const port of wrong) {
      try {
        giveToWorkers(this.#options.plane, port);
      } catch {
        // No room in the FDB: found wrong again by the next reconcile.
      }
    }
    return wrong.length;
  }

  /** Puts right interfaces that somebody else has changed; answers how many, and what could not be put right. */
  async restore(): Promise<{ wrong: number; failures: string[] }> {
    const found = await Promise.all(this.all.map((port) => (isOwn(port) && port.up ? this.#restore(port) : null)));
    const wrong = found.filter((result) => result !== null);
    return { wrong: wrong.length, failures: wrong.flatMap(({ failure }) => failure ?? []) };
  }

  async #restore(port: OwnPort): Promise<{ failure?: string } | null> {
    const name = tapName(port.fd);
    if (name === undefined) return null;
    try {
      const wanted = interfaceOf(port, port.config, this.#options.node);
      const wrong = await wrongOf(wanted, name);
      if (wrong === null || isGone(port)) return null;
      await restorePort(wanted, name);
      this.#options.log(port, "restored", wrong);
      return {};
    } catch (error) {
      return isGone(port) ? null : { failure: lineOf(port, messageOf(error)) };
    }
  }

  /**
   * Removes what an earlier agent made and what nobody wants; each once: what cannot be removed may be somebody else's by now, and is told of. Answers what
   * else could not be done.
   */
  async clearLeftovers(): Promise<string[]> {
    await this.#leftovers.clear(this.#options.onLeftover);
    return this.#remember();
  }

  /** Closes every port; no worker runs. `which`: interfaces to remove. Answers what could not be removed. */
  async close(which: "all" | "made" | "none"): Promise<unknown[]> {
    const errors: unknown[] = [];
    this.#closed = true;
    for (const port of this.all) {
      const closed = closeDescriptors(port);
      port.up = false;
      if (!isOwn(port) || closed === null || which === "none" || (which === "made" && port.adopted)) continue;
      await removeInterface(port, closed).catch((error) => errors.push(error));
    }
    return [...errors, ...this.#remember().map((why) => new OperationError(why))];
  }

  /** Writes down which interfaces there are or will be; answers why that cannot be. */
  #remember(): string[] {
    const wanted = this.all.filter(isOwn).filter((port) => port.exists || !this.#closed);
    try {
      this.#leftovers.remember(wanted.map(placeOf));
      return [];
    } catch (error) {
      return [`which interfaces there are cannot be written down: ${messageOf(error)}`];
    }
  }

  /** Frames that the kernel dropped at a port's queue since its interface was made; 0 while the port is not open. */
  txDropped(port: OwnPort): number {
    return port.statisticsFd === -1 ? 0 : (txDropped(port.statisticsFd, port.config.interface) ?? 0);
  }

  #register(network: Network, key: string, mac: string, config: PortConfig | null): Port {
    const siblings = this.#byNetwork.get(network) ?? new Map<string, Port>();
    if (siblings.size >= abi.FLOOD_PORTS_MAX)
      throw new OperationError(`at most ${abi.FLOOD_PORTS_MAX} ports of one network fit on one host`);
    this.#assertFree(network, mac);
    const index = this.#indices.take();
    if (index === 0) throw new OperationError(`no room in the table: at most ${abi.PORTS_MAX - 1} ports fit`);
    const port: Port = {
      index,
      network,
      key,
      config,
      mac,
      netnsPath: config === null ? "" : netnsPath(config.netns),
      netnsId: 0n,
      fd: -1,
      up: false,
      opened: 0,
      exists: false,
      adopted: false,
      statisticsFd: -1,
    };
    this.#byIndex.set(index, port);
    this.#byNetwork.set(network, siblings.set(key, port));
    return port;
  }

  #assertFree(network: Network, mac: string, self?: Port): void {
    for (const other of this.#byNetwork.get(network)?.values() ?? []) {
      if (other !== self && other.mac === mac) throw new OperationError(`${other.key} has the same MAC address, ${mac}`);
    }
  }

  async #ensure(port: OwnPort): Promise<OpenPort> {
    port.netnsId = netnsId(port.netnsPath);
    return ensurePort(interfaceOf(port, port.config, this.#options.node));
  }

  #admit(port: OwnPort, { fd, statisticsFd, adopted, offloads }: OpenPort): void {
    port.fd = fd;
    port.statisticsFd = statisticsFd;
    port.exists = true;
    port.adopted = adopted;
    this.#options.plane.setFeatures(offloads.uso ? abi.FEATURE_USO : 0);
    this.#options.log(port, adopted ? "adopted" : "created");
    this.#give(port);
  }

  #give(port: Port): void {
    this.#options.reflood(port.network);
    giveToWorkers(this.#options.plane, port);
  }

  #take(port: Port): void {
    takeFromWorkers(this.#options.plane, port);
    this.#options.reflood(port.network);
  }

  async #remove(port: OwnPort, closed: string | null): Promise<void> {
    try {
      await removeInterface(port, closed);
    } catch (error) {
      this.#leftovers.add(placeOf(port));
      throw new OperationError(lineOf(port, `its interface could not be removed: ${messageOf(error)}`), { cause: error });
    }
    this.#options.log(port, "removed");
  }
}

/** It, or its namespace: a worker tells of the one, loseGone() finds the other. */
function isGone({ fd, netnsPath, netnsId }: OwnPort): boolean {
  return tapName(fd) === undefined || !netnsIs(netnsPath, netnsId);
}

function lineOf(port: OwnPort, why: string): string {
  return `port ${port.key} of network ${port.network.name}: ${why}`;
}

function exists(path: string): boolean {
  try {
    return netnsId(path) !== 0n;
  } catch {
    return false;
  }
}
