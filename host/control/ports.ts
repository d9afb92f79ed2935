// The ports of this host: made or adopted at start, given to the workers, watched. A TAP's descriptor pins its network namespace, so a
// namespace whose path is gone is let go at once; when the path leads to a namespace again, the port is made again. Main thread only.

import * as abi from "../../assembly/abi/index.ts";
import type { PortConfig } from "../model/config.ts";
import { messageOf } from "../model/errors.ts";
import { parseCidr, parseIp } from "../model/ip.ts";
import { parseMac } from "../model/mac.ts";
import { gsoMaxSegments, type OverlayMtu } from "../model/mtu.ts";
import { netnsId, netnsIs, netnsPath } from "../netdev/netns-path.ts";
import { ALIAS_PREFIX, ensurePort, portStatistics, removePort } from "../netdev/port.ts";
import { closeFd } from "../sys/fd.ts";
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
  /** Frames that the kernel dropped at the TAP's queue, as of the last look. */
  txDropped: number;
}

export type PortLog = (port: Port, event: "created" | "adopted" | "lost" | "failed", detail?: string) => void;

export class Ports {
  readonly all: Port[];
  readonly #plane: DataPlane;
  readonly #node: string;
  readonly #log: PortLog;
  #timer: NodeJS.Timeout | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(plane: DataPlane, networks: readonly Network[], node: string, log: PortLog) {
    this.#plane = plane;
    this.#node = node;
    this.#log = log;
    let index = 0;
    this.all = networks.flatMap((network) =>
      network.config.ports.map((config) => {
        index++;
        return { index, network, config, netnsPath: netnsPath(config.netns), netnsId: 0n, fd: -1, up: false, txDropped: 0 };
      }),
    );
  }

  /** Makes or adopts every port. Rejects with the first that cannot be had, after undoing those that were made. */
  async open(): Promise<void> {
    const made: Port[] = [];
    try {
      for (const port of this.all) {
        if (!(await this.#open(port))) made.push(port);
      }
    } catch (error) {
      for (const port of this.all) if (port.up) await this.#close(port);
      for (const port of made) await removePort({ netnsPath: port.netnsPath, interface: port.config.interface });
      throw error;
    }
    for (const network of new Set(this.all.map((port) => port.network))) await this.#flood(network);
  }

  /** Looks after the ports until stop(). */
  watch(): void {
    this.#timer = setInterval(() => {
      this.#watching = this.#watching.then(() => this.#look()).catch((error) => this.#log(this.all[0], "failed", messageOf(error)));
    }, WATCH_MS);
  }

  /** Stops watching, closes every port and removes its interface. The workers have stopped. */
  async remove(): Promise<void> {
    clearInterval(this.#timer);
    await this.#watching;
    for (const port of this.all) {
      if (!port.up) continue;
      closeFd(port.fd);
      port.up = false;
      if (netnsIs(port.netnsPath, port.netnsId)) await removePort({ netnsPath: port.netnsPath, interface: port.config.interface });
    }
  }

  /** A worker found the TAP gone. */
  async gone(index: number): Promise<void> {
    const port = this.all[index - 1];
    if (!port?.up) return;
    await this.#close(port);
    await this.#flood(port.network);
    this.#log(port, "lost", "its TAP is gone");
  }

  /** Answers whether the port was adopted. */
  async #open(port: Port): Promise<boolean> {
    const id = netnsId(port.netnsPath);
    const mac = parseMac(port.config.mac);
    const { fd, adopted, offloads } = await ensurePort({
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
    port.netnsId = id;
    port.up = true;
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
    port.up = false;
    this.#plane.entries.setPortState(port.index, abi.PORT_CLOSING);
    this.#plane.tables.flushFdb(port.network.index, "port", port.index);
    for (const address of port.config.addresses) this.#plane.tables.removeNeighbor(port.network.index, parseIp(parseCidr(address).ip));
    await this.#plane.published();
    closeFd(port.fd);
    port.fd = -1;
    this.#plane.entries.setPortState(port.index, abi.PORT_FREE);
  }

  async #flood(network: Network): Promise<void> {
    const ports = this.all.filter((port) => port.up && port.network === network).map((port) => port.index);
    await this.#plane.setFlood(network.index, { vteps: network.peers, ports, sources: network.sources });
  }

  async #look(): Promise<void> {
    for (const port of this.all) {
      if (port.up && !netnsIs(port.netnsPath, port.netnsId)) {
        await this.#close(port);
        await this.#flood(port.network);
        this.#log(port, "lost", "its network namespace is gone");
      } else if (!port.up && this.#exists(port)) {
        await this.#reopen(port);
      }
    }
    await this.#readStatistics();
  }

  async #reopen(port: Port): Promise<void> {
    try {
      await this.#open(port);
      await this.#flood(port.network);
      await this.#plane.published();
    } catch (error) {
      this.#log(port, "failed", messageOf(error));
    }
  }

  #exists(port: Port): boolean {
    try {
      return netnsId(port.netnsPath) !== 0n;
    } catch {
      return false;
    }
  }

  async #readStatistics(): Promise<void> {
    for (const path of new Set(this.all.filter((port) => port.up).map((port) => port.netnsPath))) {
      const dropped = await portStatistics(path).catch(() => new Map<string, number>());
      for (const port of this.all) {
        if (port.netnsPath === path) port.txDropped = dropped.get(port.config.interface) ?? port.txDropped;
      }
    }
  }
}
