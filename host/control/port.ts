// A port of this host as the control plane keeps it, and what it takes to have one: an interface in a network namespace, a row of the core's table, an
// entry of the FDB. host/control/ports.ts says when. Main thread.

import * as abi from "../../assembly/abi/index.ts";
import type { PortConfig } from "../model/config.ts";
import { OperationError } from "../model/errors.ts";
import { parseMac } from "../model/mac.ts";
import { gsoMaxSegments, OVERLAY_MTU_MIN_IPV6, type OverlayMtu } from "../model/mtu.ts";
import { netnsIs } from "../netdev/netns-path.ts";
import { ALIAS_PREFIX, type PortOptions, removePort } from "../netdev/port.ts";
import { closeFd } from "../sys/fd.ts";
import { deleteTapIn } from "../sys/netns-thread.ts";
import { tapName } from "../sys/tap.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Network } from "./networks.ts";
import type { PortPlace } from "./port-record.ts";

/** Frames that wait in the kernel for a worker before it drops: enough for a burst of a busy core. */
const TX_QUEUE_LENGTH = 10_000;

export interface Port {
  readonly index: number;
  readonly network: Network;
  /** `netns/interface`. */
  readonly key: string;
  /** null: somebody else opened its descriptor, and closes it. */
  config: PortConfig | null;
  mac: string;
  netnsPath: string;
  /** Identity of the namespace that the open TAP is in. */
  netnsId: bigint;
  /** -1 while it is not open. */
  fd: number;
  /** In the workers' hands. */
  up: boolean;
  /** How often it has been opened: what was told of an earlier time means nothing now. */
  opened: number;
  /** Its interface is there, for all that is known: made by this agent, or by an earlier one that left it. */
  exists: boolean;
  /** It was there before this agent was. */
  adopted: boolean;
  /** Of the namespace's counters; -1 with fd. */
  statisticsFd: number;
}

/** A port with an interface of ours. */
export type OwnPort = Port & { config: PortConfig };

export function isOwn(port: Port): port is OwnPort {
  return port.config !== null;
}

export function placeOf({ netnsPath, config }: OwnPort): PortPlace {
  return { netnsPath, interface: config.interface };
}

/** What its interface shall be. Throws OperationError when it has IPv6 addresses and too small an MTU for them (RFC 8200 section 5). */
export function interfaceOf({ netnsPath, network }: Port, config: PortConfig, node: string): PortOptions {
  const six = config.addresses.find((address) => address.includes(":"));
  if (six !== undefined && network.mtu < OVERLAY_MTU_MIN_IPV6) {
    const why = `IPv6 needs an MTU of ${OVERLAY_MTU_MIN_IPV6} and the network has ${network.mtu}`;
    throw new OperationError(`${why}: raise the underlay's MTU, or leave ${six} out`);
  }
  return {
    netnsPath,
    interface: config.interface,
    addresses: config.addresses,
    ...(config.routes ? { routes: config.routes } : {}),
    mac: config.mac,
    mtu: network.mtu,
    alias: `${ALIAS_PREFIX}${node}/${network.name}`,
    gsoMaxSegments: gsoMaxSegments(network.mtu as OverlayMtu),
    txQueueLength: TX_QUEUE_LENGTH,
  };
}

/** Writes its row and its entry, by which workers find it once they know of the generation that comes. Throws OperationError when the FDB has no room. */
export function giveToWorkers(plane: DataPlane, port: Port): void {
  const mac = parseMac(port.mac);
  const network = port.network.index;
  plane.entries.setPort(port.index, { fd: port.fd, owner: (port.index - 1) % plane.workers, network, mac });
  port.up = true;
  port.opened++;
  const answer = plane.tables.setFdb(network, mac, { kind: "port", index: port.index, isStatic: true });
  if (answer === "full") throw new OperationError("no room in the FDB: raise fdbCapacity");
}

/** They stop using it at the top of their next breaths. */
export function takeFromWorkers(plane: DataPlane, port: Port): void {
  port.up = false;
  plane.entries.setPortState(port.index, abi.PORT_CLOSING);
  plane.tables.flushFdb(port.network.index, "port", port.index);
}

/** Whether row and entry are as they should be. */
export function isGiven(plane: DataPlane, port: Port): boolean {
  const row = plane.entries.port(port.index);
  const mac = parseMac(port.mac);
  const words = [abi.P_STATE, abi.P_NETWORK, abi.P_MAC, abi.P_MAC + 4].map((offset) => row[offset / 4] >>> 0);
  const wanted = [abi.PORT_UP, port.network.index, mac % 2 ** 32, Math.floor(mac / 2 ** 32)];
  const target = plane.tables.fdb(port.network.index, mac);
  return words.every((word, i) => word === wanted[i]) && target?.kind === "port" && target.index === port.index && target.isStatic;
}

/** No worker uses it any more. Its interface stays; answers what that is called, for a container may rename it, or null when it was not open. */
export function closeDescriptors(port: Port): string | null {
  const { config, fd } = port;
  const name = config !== null && fd !== -1 ? (tapName(fd) ?? config.interface) : null;
  if (config !== null && fd !== -1) closeFd(fd);
  if (port.statisticsFd !== -1) closeFd(port.statisticsFd);
  port.fd = -1;
  port.statisticsFd = -1;
  return name;
}

/** Removes its interface, closed a moment ago under the name `closed`, or left by an earlier agent (null). Rejects with SysError or OperationError. */
export async function removeInterface(port: OwnPort, closed: string | null): Promise<void> {
  if (!port.exists) return;
  // Its namespace is gone, and the interface with it.
  if (closed === null) await removePort(placeOf(port));
  else if (netnsIs(port.netnsPath, port.netnsId)) await deleteTapIn(port.netnsPath, closed);
  port.exists = false;
}
