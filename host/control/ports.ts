// The ports of this host: made or adopted at start, given to the workers, watched. A TAP's descriptor pins its network namespace, so a
// namespace whose path is gone is let go at once; when the path leads to a namespace again, the port is made again. Changes happen one after
// the other (flood lists have one spare copy). Main thread only.
//
//   closed (fd -1) ──#open──► up ──#withdraw──► held by workers (fd, not up) ──#release, once every worker has seen it──► closed

import * as abi from "../../assembly/abi/index.ts";
import type { PortConfig } from "../model/config.ts";
import { messageOf } from "../model/errors.ts";
import { parseCidr, parseIp } from "../model/ip.ts";
import { parseMac } from "../model/mac.ts";
import { gsoMaxSegments, type OverlayMtu } from "../model/mtu.ts";
import { netnsId, netnsIs, netnsPath } from "../netdev/netns-path.ts";
import { ALIAS_PREFIX, ensurePort, removePort } from "../netdev/port.ts";
import { closeFd } from "../sys/fd.ts";
import { txDropped } from "../sys/net-dev.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Network } from "./networks.ts";

/** Frames that wait in the kernel for a worker before it drops: enough for a burst of a busy core. */
const TX_QUEUE_LENGTH = 10_000;
const WATCH_MS = 1000;

export interface Port {
  index: number;
  network: Network;
  config: PortConfig;
  netnsPath: string;
  /** Identity of the namespace that the open TAP is in. */
  netnsId: bigint;
  fd: number;
  up: boolean;
  /** Its interface is there, for all that is known: made by this agent, or by an earlier one that left it. */
  exists: boolean;
  /** Of the namespace's counters; -1 with fd. */
  statisticsFd: number;
}

export type PortLog = (port: Port, event: "created" | "adopted" | "lost" | "failed", detail?: string) => void;

export class Ports {
  readonly all: Port[];
  readonly #plane: DataPlane;
  readonly #node: string;
  readonly #log: PortLog;
  /** Why a port could last not be had or let go: told once, not once a second. */
  readonly #failures = new Map<Port, string>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** Ends when every change asked for so far is done. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(plane: DataPlane, networks: readonly Network[], node: string, log: PortLog) {
    this.#plane = plane;
    this.#node = node;
    this.#log = log;
    let index = 0;
    this.all = networks.flatMap((network) =>
      network.config.ports.map((config) => {
        index++;
        return {
          index,
          network,
          config,
          netnsPath: netnsPath(config.netns),
          netnsId: 0n,
          fd: -1,
          up: false,
          exists: false,
          statisticsFd: -1,
        };
      }),
    );
  }

  /** Makes or adopts every port. Rejects with the first that cannot be had, after undoing those that were made; adopted ones stay. */
  async open(): Promise<void> {
    const made: Port[] = [];
    try {
      for (const port of this.all) {
        if (!(await this.#open(port))) made.push(port);
      }
    } catch (error) {
      for (const port of this.all) if (port.up) await this.#close(port);
      // What cannot be removed still exists, and is recorded; the error that is on its way already is the one to tell.
      for (const port of made) await removeInterface(port).catch(() => {});
      throw error;
    }
    for (const network of new Set(this.all.map((port) => port.network))) await this.#flood(network);
  }

  /** Looks after the ports until unwatch(). */
  watch(): void {
    this.#timer = setInterval(() => {
      if (this.#looking) return;
      this.#looking = true;
      void this.#change(() => this.#look()).finally(() => {
        this.#looking = false;
      });
    }, WATCH_MS);
  }

  /** Stops watching, once every change under way is done. The workers still run. */
  async unwatch(): Promise<void> {
    clearInterval(this.#timer);
    await this.#changes;
  }

  /** Closes every port and removes its interface. The workers have stopped. Goes on after an error, and rejects with the first. */
  async remove(): Promise<void> {
    const errors: unknown[] = [];
    for (const port of this.all) {
      if (port.fd === -1) continue;
      closeDescriptors(port);
      port.up = false;
      if (!netnsIs(port.netnsPath, port.netnsId)) port.exists = false;
      else await removeInterface(port).catch((error) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Frames that the kernel dropped at a port's queue since its interface was made; 0 while the port is not open. */
  txDropped(port: Port): number {
    return port.statisticsFd === -1 ? 0 : (txDropped(port.statisticsFd, port.config.interface) ?? 0);
  }

  /** A worker found the TAP gone. */
  gone(index: number): Promise<void> {
    return this.#change(async () => {
      const port = this.all[index - 1];
      if (!port?.up) return;
      await this.#close(port);
      port.exists = false;
      this.#log(port, "lost", "its TAP is gone");
    });
  }

  /** Runs a change once those before it are done. */
  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    return done;
  }

  /** Answers whether the port was adopted. */
  async #open(port: Port): Promise<boolean> {
    const id = netnsId(port.netnsPath);
    const mac = parseMac(port.config.mac);
    const { fd, statisticsFd, adopted, offloads } = await ensurePort({
      netnsPath: port.netnsPath,
      interface: port.config.interface,
      addresses: port.config.addresses,
      mac: port.config.mac,
      mtu: port.network.mtu,
      alias: `${ALIAS_PREFIX}${this.#node}/${port.network.config.name}`,
      gsoMaxSegments: gsoMaxSegments(port.network.mtu as OverlayMtu),
      txQueueLength: TX_QUEUE_LENGTH,
    });
    port.fd = fd;
    port.statisticsFd = statisticsFd;
    port.netnsId = id;
    port.up = true;
    port.exists = true;
    this.#plane.setFeatures(offloads.uso ? abi.FEATURE_USO : 0);
    const network = port.network.index;
    this.#plane.entries.setPort(port.index, { fd, owner: (port.index - 1) % this.#plane.workers, network, mac });
    this.#plane.tables.setFdb(network, mac, { kind: "port", index: port.index, isStatic: true });
    for (const address of port.config.addresses) this.#plane.tables.setNeighbor(network, parseIp(parseCidr(address).ip), mac);
    this.#log(port, adopted ? "adopted" : "created");
    return adopted;
  }

  /** Takes the port from the workers, then closes its descriptor. */
  async #close(port: Port): Promise<void> {
    await this.#withdraw(port);
    await this.#release(port);
  }

  async #withdraw(port: Port): Promise<void> {
    port.up = false;
    this.#plane.entries.setPortState(port.index, abi.PORT_CLOSING);
    this.#plane.tables.flushFdb(port.network.index, "port", port.index);
    for (const address of port.config.addresses) this.#plane.tables.removeNeighbor(port.network.index, parseIp(parseCidr(address).ip));
    await this.#flood(port.network);
  }

  /** Rejects when a worker hangs, with the descriptor open: the worker may be using it. */
  async #release(port: Port): Promise<void> {
    await this.#plane.published();
    closeDescriptors(port);
    this.#plane.entries.setPortState(port.index, abi.PORT_FREE);
  }

  async #flood(network: Network): Promise<void> {
    const ports = this.all.filter((port) => port.up && port.network === network).map((port) => port.index);
    await this.#plane.setFlood(network.index, { vteps: network.peers, ports, sources: network.sources });
  }

  async #look(): Promise<void> {
    for (const port of this.all) {
      try {
        await this.#lookAt(port);
        this.#failures.delete(port);
      } catch (error) {
        const message = messageOf(error);
        if (this.#failures.get(port) !== message) this.#log(port, "failed", message);
        this.#failures.set(port, message);
      }
    }
  }

  async #lookAt(port: Port): Promise<void> {
    if (port.up) {
      if (netnsIs(port.netnsPath, port.netnsId)) return;
      await this.#close(port);
      port.exists = false;
      this.#log(port, "lost", "its network namespace is gone");
    } else if (port.fd !== -1) {
      await this.#release(port);
    } else if (this.#exists(port)) {
      await this.#open(port);
      await this.#flood(port.network);
      await this.#plane.published();
    }
  }

  #exists(port: Port): boolean {
    try {
      return netnsId(port.netnsPath) !== 0n;
    } catch {
      return false;
    }
  }
}

function closeDescriptors(port: Port): void {
  closeFd(port.fd);
  closeFd(port.statisticsFd);
  port.fd = -1;
  port.statisticsFd = -1;
}

async function removeInterface(port: Port): Promise<void> {
  await removePort({ netnsPath: port.netnsPath, interface: port.config.interface });
  port.exists = false;
}
