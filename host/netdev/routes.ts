// Where this host has routes to: a network of containers must overlap none of them.

import { ipJson } from "./ip.ts";

interface RouteReport {
  dst: string;
  dev?: string;
  /** Of one with several ways. */
  nexthops?: { dev?: string }[];
  type?: string;
  table?: string;
}

export interface HostRoute {
  /** CIDR; a single address has /32 or /128. */
  destination: string;
  device: string;
}

/**
 * Unicast routes of all tables but that of the host's own addresses: which of them is asked is the rules' to say (Tailscale has table 52). Default and
 * link-local ones are left out; so are those that lead nowhere (blackhole, unreachable, prohibit), since a network in such a range takes nothing away. Of
 * this process's namespace, or another. Rejects with OperationError.
 */
export async function hostRoutes(netnsPath?: string): Promise<HostRoute[]> {
  const routes = await Promise.all(
    ["-4", "-6"].map((family) => ipJson<RouteReport[]>([family, "route", "show", "table", "all"], netnsPath)),
  );
  const found = new Map<string, HostRoute>();
  for (const { dst, dev, nexthops, type = "unicast", table } of routes.flat()) {
    if (dst === "default" || dst.startsWith("fe80:") || dst.startsWith("ff00:") || table === "local" || type !== "unicast") continue;
    const device = dev ?? nexthops?.find((each) => each.dev)?.dev ?? "";
    const destination = withLength(dst);
    found.set(`${destination} ${device}`, { destination, device });
  }
  return [...found.values()];
}

function withLength(destination: string): string {
  return destination.includes("/") ? destination : `${destination}/${destination.includes(":") ? 128 : 32}`;
}
