// A node's VTEP address must lie in no network: hosts would look for each other inside it. Pure.

import type { NetworkRecord } from "../model/cluster/records.ts";
import { OperationError } from "../model/errors.ts";
import { contains, parseAddress, readBlock } from "./block.ts";

/** Throws OperationError that names the network. */
export function refuseHidden(vtep: string, networks: readonly NetworkRecord[]): void {
  const address = parseAddress(vtep);
  for (const { name, subnets } of networks) {
    const over = subnets.find(({ subnet }) => contains(readBlock(subnet), address));
    if (over) {
      throw new OperationError(
        `VTEP address ${vtep} lies in network ${name} (${over.subnet}): hosts would look for each other inside it; choose another with --advertise`,
      );
    }
  }
}
