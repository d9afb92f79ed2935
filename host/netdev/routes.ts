// Where this host has routes to: a network of containers must overlap none of them.

import { ipJson } from "./ip.ts";

interface RouteReport {
  dst: string;
  dev?: string;
  type?: string;
}

export interface HostRoute {
  /** CIDR; a single address has /32 or /128. */
  destination: string;
  device: string;
}

/** Unicast routes of the main table, default and link-local ones left out; of this process's namespace, or another. Rejects with OperationError. */
export async function hostRoutes(netnsPath?: string): Promise<HostRoute[]> {
  const routes = await Promise.all(
    ["-4", "-6"].map((family) => ipJson<RouteReport[]>([family, "route", "show", "table", "main"], netnsPath)),
  );
  return routes.flat().flatMap(({ dst, dev, type }) => {
    const isOther = dst === "default" || dst.startsWith("fe80:") || dst.startsWith("ff00:") || (type !== undefined && type !== "unicast");
    return isOther ? [] : [{ destination: withLength(dst), device: dev ?? "" }];
  });
}

function withLength(destination: string): string {
  return destination.includes("/") ? destination : `${destination}/${destination.includes(":") ? 128 : 32}`;
}
