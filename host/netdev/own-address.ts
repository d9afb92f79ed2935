// Whether this host has an address at this moment: asked of the kernel in this process, since it is asked again and again. Main thread.

import { networkInterfaces } from "node:os";
import { canonicalIp } from "../model/ip.ts";

/** Whether an interface that is up and has a carrier has the address, in the network namespace of this thread. */
export function hasAddress(address: string): boolean {
  const own = canonicalIp(address);
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((one) => canonicalIp(one.address) === own));
}
