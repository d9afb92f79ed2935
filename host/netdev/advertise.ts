// Which of this host's addresses the others reach it by, when nobody said: that of the default route, or the only one that there is.

import { OperationError } from "../model/errors.ts";
import { canonicalIp } from "../model/ip.ts";
import { ipJson } from "./ip.ts";

interface AddressReport {
  ifname: string;
  flags?: string[];
  addr_info?: { local?: string; scope?: string; family?: string }[];
}

interface RouteReport {
  dst: string;
  dev?: string;
  prefsrc?: string;
}

/** Canonical text, IPv4 if there is a choice; of this process's namespace, or another. Rejects with OperationError when it is not clear. */
export async function advertiseAddress(netnsPath?: string): Promise<string> {
  for (const family of ["-4", "-6"]) {
    const [route] = await ipJson<RouteReport[]>([family, "route", "show", "default"], netnsPath);
    if (route?.prefsrc) return canonicalIp(route.prefsrc);
    const addresses = await globalAddresses(family, netnsPath);
    const own = addresses.filter(({ device }) => device === route?.dev);
    if (own.length > 0) return own[0].address;
    if (addresses.length === 1) return addresses[0].address;
    if (addresses.length > 1)
      throw new OperationError(
        `this host has several addresses (${addresses
          .map(({ address }) => address)
          .sort()
          .join(", ")}) and no default route: say which by --advertise`,
      );
  }
  throw new OperationError("this host has no address that others could reach: give it one, or say which by --advertise");
}

async function globalAddresses(family: string, netnsPath: string | undefined): Promise<{ device: string; address: string }[]> {
  const reports = await ipJson<AddressReport[]>([family, "address", "show", "scope", "global", "up"], netnsPath);
  // `ip -json` prints empty objects for interfaces that a filter leaves out.
  return reports.flatMap(({ ifname, flags, addr_info }) =>
    flags?.includes("LOOPBACK")
      ? []
      : (addr_info ?? []).flatMap(({ local }) => (local ? [{ device: ifname, address: canonicalIp(local) }] : [])),
  );
}
