// Ports: a container's interface that is a TAP whose fd the agent holds (design rule 1). Its ifalias says `weft:…`; that, and being a
// multi-queue TAP, is what makes an interface ours. One without an open queue is an orphan of an agent that ended, and is adopted.
//
//   absent ──ensurePort──► TAP, alias, MAC, MTU, addresses, up ──► persistent ──agent ends──► orphan (no carrier) ──ensurePort──► adopted
//
// It becomes persistent last, so that an agent killed half-way leaves nothing that the next would not know for ours. Main thread.

import { existsSync } from "node:fs";
import { OperationError } from "../model/errors.ts";
import { formatCidr, parseCidr } from "../model/ip.ts";
import { closeFd } from "../sys/fd.ts";
import { lookIn, openStatisticsIn, openTapIn } from "../sys/netns-thread.ts";
import { keepTap, type TapOffloads } from "../sys/tap.ts";
import { ipBatch } from "./ip.ts";
import { findLink, isMultiQueueTap, type Link, links, openQueues } from "./link.ts";
import { tc } from "./tc.ts";

export const ALIAS_PREFIX = "weft:";

export interface PortOptions {
  netnsPath: string;
  interface: string;
  /** CIDR form. Other global addresses of the interface are removed. */
  addresses: readonly string[];
  /** CIDR form: destinations that are on-link besides the addresses' own subnets. */
  routes?: readonly string[];
  mac: string;
  /** Inner IP MTU in bytes. */
  mtu: number;
  /** Starts with ALIAS_PREFIX; one word. */
  alias: string;
  /** Segments of the largest superframe that the container may hand over. */
  gsoMaxSegments: number;
  /** Frames that wait in the kernel before it drops. */
  txQueueLength: number;
}

export interface OpenPort {
  fd: number;
  /** Of its namespace's /proc/net/dev (host/sys/net-dev.ts). */
  statisticsFd: number;
  /** False when the interface was made, true when an orphan was taken over. */
  adopted: boolean;
  offloads: TapOffloads;
}

/** Makes or adopts the port, and opens it. Rejects with OperationError or SysError; what was not there before is then not there either. */
export async function ensurePort(options: PortOptions): Promise<OpenPort> {
  const { netnsPath, interface: name, alias } = options;
  if (!alias.startsWith(ALIAS_PREFIX)) throw new RangeError(`alias ${JSON.stringify(alias)} does not start with ${ALIAS_PREFIX}`);
  const orphan = findOrphan(await links(netnsPath), options);
  if (orphan) await rename(netnsPath, orphan.ifname, name);
  const { fd, offloads } = await openTapIn(netnsPath, name);
  try {
    // Side by side: each is a process.
    const [link] = await bothOf(assertAlone(options), queueOnce(options));
    await ipBatch(configuration(options, link), netnsPath);
    const statisticsFd = await openStatisticsIn(netnsPath);
    keepTap(fd);
    return { fd, statisticsFd, adopted: orphan !== undefined, offloads };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Brings a port that this process has open to other addresses, another MAC or another MTU. Rejects with OperationError. */
export async function configurePort(options: PortOptions): Promise<void> {
  const link = await findLink(options.netnsPath, options.interface);
  if (!link) throw new OperationError(`${placeOf(options)} is not there any more`);
  await ipBatch(configuration(options, link), options.netnsPath);
}

/**
 * What the interface of a port that this process has open, called `name` now, has that it should not have, or lacks; null when all is as it should be.
 * Starts no process. Routes are not looked at. Rejects with SysError.
 */
export async function wrongOf(options: PortOptions, name: string): Promise<string | null> {
  const { netnsPath, interface: wanted, mtu, mac, addresses } = options;
  if (name !== wanted) return `it is called ${name}`;
  const state = await lookIn(netnsPath, name);
  if (state === null) return "it is not there";
  if (!state.isUp) return "it is down";
  if (state.mtu !== mtu) return `its MTU is ${state.mtu}`;
  if (state.mac !== mac) return `its MAC address is ${state.mac}`;
  if (state.addresses === null) return null;
  const has = new Set(state.addresses.map((text) => formatCidr(parseCidr(text))));
  const missing = addresses.find((text) => !has.has(formatCidr(parseCidr(text))));
  return missing === undefined ? null : `it has no address ${missing}`;
}

/** Brings a port that this process has open, called `name` now, to what it should be. Rejects with OperationError. */
export async function restorePort(options: PortOptions, name: string): Promise<void> {
  await rename(options.netnsPath, name, options.interface);
  await configurePort(options);
}

/** Removes the port's interface, whoever has it open; done when it is not there, or its namespace is not. Rejects with OperationError when it is not ours. */
export async function removePort(port: { netnsPath: string; interface: string }): Promise<void> {
  // After a restart of the host nothing is there of what the agent remembers.
  if (!existsSync(port.netnsPath)) return;
  const link = await findLink(port.netnsPath, port.interface);
  if (!link) return;
  assertOurs(link, port);
  await ipBatch([["link", "delete", "dev", port.interface]], port.netnsPath);
}

function placeOf(port: { netnsPath: string; interface: string }): string {
  return `interface ${port.interface} (network namespace ${port.netnsPath})`;
}

function assertOurs(link: Link, port: { netnsPath: string; interface: string }): void {
  if (isMultiQueueTap(link) && link.ifalias?.startsWith(ALIAS_PREFIX)) return;
  throw new OperationError(`${placeOf(port)} exists and is not weft's: remove it, or choose another name`);
}

/** The one of its name; or one of its network and MAC address that got another name, and that nobody has open. Throws OperationError. */
function findOrphan(all: readonly Link[], options: PortOptions): Link | undefined {
  const named = all.find(({ ifname }) => ifname === options.interface);
  if (!named) return all.find((link) => isRenamed(link, options));
  assertOurs(named, options);
  if (openQueues(named) > 0) throw heldByAnother(options);
  return named;
}

function isRenamed(link: Link, { alias, mac }: PortOptions): boolean {
  return isMultiQueueTap(link) && link.ifalias === alias && link.address === mac && openQueues(link) === 0;
}

/** Down meanwhile: older kernels rename nothing that is up. */
async function rename(netnsPath: string, from: string, to: string): Promise<void> {
  if (from !== to) await ipBatch([["link", "set", "dev", from, "down", "name", to]], netnsPath);
}

/** After attaching: another process may have looked at the same moment. Both then give way. */
async function assertAlone(options: PortOptions): Promise<Link> {
  const link = await findLink(options.netnsPath, options.interface);
  if (!link) throw new OperationError(`${placeOf(options)} was removed while it was being set up`);
  if (openQueues(link) > 1) throw heldByAnother(options);
  return link;
}

/**
 * One queue before the TAP's own, made before it is up. The kernel would make one for each of the 256 that a multi-queue TAP could have, each with room for
 * three times txqueuelen: 94 MiB of its memory and a quarter of a second for 10,000.
 */
async function queueOnce({ netnsPath, interface: name, txQueueLength }: PortOptions): Promise<void> {
  await tc(["qdisc", "replace", "dev", name, "root", "pfifo", "limit", String(txQueueLength)], netnsPath);
}

/** Both, done; the first one's failure before the second's. */
async function bothOf<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

function heldByAnother(options: PortOptions): OperationError {
  return new OperationError(`${placeOf(options)} is held by another running process: is a second agent using it?`);
}

/** Everything that brings the interface to what it should be, from whatever it is. */
function configuration(options: PortOptions, link: Link): string[][] {
  const { interface: name } = options;
  const set = (...words: string[]) => ["link", "set", "dev", name, ...words];
  const wanted = options.addresses.map((text) => parseCidr(text));
  const wantedText = new Set(wanted.map(formatCidr));
  const stale = globalAddresses(link).filter((address) => !wantedText.has(address));
  return [
    set("alias", options.alias),
    set("address", options.mac),
    set("mtu", String(options.mtu)),
    set("gso_max_segs", String(options.gsoMaxSegments)),
    set("txqueuelen", String(options.txQueueLength)),
    // Last first: the kernel removes the secondary addresses of a subnet with its primary one.
    ...stale.reverse().map((address) => ["address", "delete", address, "dev", name]),
    // Addresses come from the control plane, which gives none twice: no duplicate address detection, whose second of silence only delays.
    ...wanted.map((cidr) => ["address", "replace", formatCidr(cidr), "dev", name, ...(cidr.family === 6 ? ["nodad"] : [])]),
    set("up"),
    ...(options.routes ?? []).map((destination) => ["route", "replace", destination, "dev", name]),
  ];
}

/** Canonical CIDR texts, in the kernel's order. */
function globalAddresses(link: Link): string[] {
  const global = (link.addr_info ?? []).filter(({ local, scope }) => scope === "global" && local !== undefined);
  return global.map(({ local, prefixlen }) => formatCidr(parseCidr(`${local}/${prefixlen}`)));
}
