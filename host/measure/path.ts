// What a path is made of, before anything is measured: the namespace, the address, the route and the interface that it leaves by. Main thread.

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { BenchEnd } from "../model/bench.ts";
import { OperationError } from "../model/errors.ts";
import { IpError, ipJson } from "../netdev/ip.ts";
import { netnsId, netnsPath } from "../netdev/netns-path.ts";
import { hasTool, NSENTER, netnsError, runTool } from "./tool.ts";

const ETHTOOL_MS_MAX = 5000;

export interface Path {
  /** An IP address. */
  address: string;
  /** As it was asked for, and the path of the namespace; null = weft's own. */
  netnsName: string | null;
  netns: string | null;
  device: string;
  deviceMtu: number;
  /** The address is this end's own: what is measured is the loopback. */
  own: boolean;
}

/** Rejects with OperationError: an unknown namespace or name, an address without a route. */
export async function findPath(end: BenchEnd): Promise<Path> {
  const netns = netnsOf(end.netns);
  const address = await resolve(end.address);
  const where = netns === null ? "" : ` in network namespace ${end.netns}`;
  try {
    const [route] = await ipJson<{ dev?: string; type?: string }[]>(["route", "get", address], netns ?? undefined);
    const device = route?.dev;
    if (device === undefined)
      throw new OperationError(`${address}: no route to it${where}: ${route?.type ?? "the route has no interface"}`);
    const [link] = await ipJson<{ mtu: number }[]>(["link", "show", "dev", device], netns ?? undefined);
    return { address, netnsName: end.netns, netns, device, deviceMtu: link.mtu, own: route.type === "local" };
  } catch (error) {
    if (!(error instanceof IpError)) throw error;
    if (end.netns !== null && error.reply.startsWith(NSENTER)) throw netnsError(end.netns, error.reply);
    throw new OperationError(`${address}: no route to it${where}: ${error.reply}`, { cause: error });
  }
}

/** Path of a namespace that exists, from its name or path. Throws OperationError when there is none. */
export function netnsOf(nameOrPath: string | null): string | null {
  if (nameOrPath === null) return null;
  const path = netnsPath(nameOrPath);
  netnsId(path);
  return path;
}

/** The offloads of an interface that are on; null without ethtool. */
export async function offloadsOf({ device, netns }: Pick<Path, "device" | "netns">, stop: AbortSignal): Promise<string[] | null> {
  if (!hasTool("ethtool")) return null;
  const { code, stdout } = await runTool(["ethtool", "-k", device], { netns, stop, timeoutMs: ETHTOOL_MS_MAX });
  return code === 0 ? readOffloads(stdout) : null;
}

/** What `ethtool -k` says is on. */
export function readOffloads(text: string): string[] {
  return [...text.matchAll(/^\s*([\w-]+): on\b/gm)].map(([, name]) => name);
}

async function resolve(name: string): Promise<string> {
  if (isIP(name) !== 0) return name;
  try {
    return (await lookup(name)).address;
  } catch (cause) {
    throw new OperationError(`${name}: neither an IP address nor a name that resolves`, { cause });
  }
}
