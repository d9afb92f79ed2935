// What injection needs of the host's network (assembly/path/inject.ts): the underlay TAP's input redirected to the underlay's interface by tc,
// and the Ethernet header of the next hop. Redirecting passes the interface's queueing discipline, not routing, netfilter or xfrm (bypassed.ts).
// Main thread.

import { familyOf } from "../model/ip.ts";
import { macToBytes, parseMac } from "../model/mac.ts";
import { SysError } from "../sys/errno.ts";
import { activeFeatures } from "../sys/ethtool.ts";
import { ipBatch, ipJson, ipJsonBatch } from "./ip.ts";
import { tc } from "./tc.ts";

const ETHERTYPE = { 4: [0x08, 0x00], 6: [0x86, 0xdd] } as const;
/** Neighbour states in which the kernel itself would send (NUD_VALID of net/neighbour.h). */
const USABLE = new Set(["REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"]);

/** Brings `tap` up and sends whatever is written to it out of `device`. Rejects with OperationError. */
export async function redirectTunnelTap(tap: string, device: string): Promise<void> {
  // Nobody reads it, so it should send nothing of its own: no link-local address, no discovery.
  await ipBatch([
    ["link", "set", "dev", tap, "addrgenmode", "none"],
    ["link", "set", "dev", tap, "up"],
  ]);
  await tc(["qdisc", "add", "dev", tap, "clsact"]);
  const everything = ["protocol", "all", "prio", "1", "u32", "match", "u32", "0", "0"];
  await tc(["filter", "add", "dev", tap, "ingress", ...everything, "action", "mirred", "egress", "redirect", "dev", device]);
}

/**
 * Whether `device` cuts what is injected by itself: UDP tunnels with outer checksums. Else the kernel does, in software, and later than the core would:
 * slower than by the sockets.
 */
export function cutsTunnels(device: string): boolean {
  try {
    const features = activeFeatures(device);
    return features.has("tx-udp_tnl-segmentation") && features.has("tx-udp_tnl-csum-segmentation");
  } catch (error) {
    // A device that does not say has none.
    if (error instanceof SysError && error.code === "EOPNOTSUPP") return false;
    throw error;
  }
}

interface RouteReport {
  /** Absent: unicast. */
  type?: string;
  dev?: string;
  gateway?: string;
  /** A gateway of the other address family. */
  via?: { host: string };
}

interface NeighborReport {
  dst: string;
  dev: string;
  lladdr?: string;
  state: string[];
}

interface LinkReport {
  address?: string;
  link_type?: string;
}

/** MAC address of `device`, or null when it is no Ethernet. */
export async function ethernetAddress(device: string): Promise<string | null> {
  const [link] = await ipJson<LinkReport[]>(["link", "show", "dev", device]);
  return link?.link_type === "ether" && link.address ? link.address : null;
}

/**
 * The neighbours through which `own` reaches each of `remotes` by `device`; null for one that it reaches another way, or not at all. One
 * process, however many there are.
 */
export async function nextHops(own: string, remotes: readonly string[], device: string): Promise<(string | null)[]> {
  const { replies } = await ipJsonBatch<RouteReport[]>(remotes.map((remote) => ["route", "get", remote, "from", own]));
  return remotes.map((remote, i) => {
    const route = replies[i]?.[0];
    return route?.dev === device && route.type === undefined ? (route.gateway ?? route.via?.host ?? remote) : null;
  });
}

export interface Neighbor {
  mac: string;
  /** The kernel would make sure of it with the next packet that it sends itself; ours are none. */
  stale: boolean;
}

/** What `device`'s neighbour table has for sending now, by IP address. */
export async function usableNeighbors(device: string): Promise<Map<string, Neighbor>> {
  const rows = await ipJson<NeighborReport[]>(["neighbor", "show", "dev", device]);
  const usable = rows.filter(({ lladdr, state }) => lladdr !== undefined && state.some((each) => USABLE.has(each)));
  return new Map(usable.map(({ dst, lladdr, state }) => [dst, { mac: lladdr as string, stale: state.includes("STALE") }]));
}

/** Has the kernel make sure of neighbours, as if it sent something to them: their state becomes REACHABLE, or FAILED. */
export async function probeNeighbors(addresses: readonly string[], device: string): Promise<void> {
  await ipJsonBatch(addresses.map((address) => ["neighbor", "replace", address, "dev", device, "use"]));
}

/** The 14 bytes in front of every outer packet. */
export function ethernetHeader(destination: string, source: string, vtep: string): Uint8Array {
  return Uint8Array.of(...macToBytes(parseMac(destination)), ...macToBytes(parseMac(source)), ...ETHERTYPE[familyOf(vtep)]);
}
