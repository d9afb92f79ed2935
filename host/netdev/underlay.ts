// The interface that carries this host's VTEP address, and its MTU.

import { messageOf, OperationError } from "../model/errors.ts";
import { canonicalIp } from "../model/ip.ts";
import { type UnderlayMtu, underlayMtu } from "../model/mtu.ts";
import { ipJson } from "./ip.ts";

export interface Underlay {
  interface: string;
  mtu: UnderlayMtu;
}

interface AddressReport {
  ifname: string;
  mtu: number;
  flags: string[];
  addr_info: { local?: string }[];
}

/** Finds the interface that has `address`; `place` is where the user said it. Rejects with OperationError when none has, or when its MTU is too small for an overlay. */
export async function findUnderlay(address: string, place = "VTEP address"): Promise<Underlay> {
  const own = canonicalIp(address);
  const reports = await ipJson<AddressReport[]>(["address", "show"]);
  // `ip -json` prints empty objects for interfaces that a filter leaves out.
  const report = reports.find((candidate) => candidate.addr_info?.some(({ local }) => local !== undefined && canonicalIp(local) === own));
  if (!report) throw new OperationError(`${place} ${own} is not an address of this host (see: ip address)`);
  try {
    return { interface: report.ifname, mtu: underlayMtu(report.mtu) };
  } catch (error) {
    throw new OperationError(`interface ${report.ifname}, which has ${place} ${own}: ${messageOf(error)}`, { cause: error });
  }
}
