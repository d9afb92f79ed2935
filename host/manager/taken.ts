// Everything in a cluster that a new network's subnets must keep clear of, and whose it is: other networks, the underlay's own addresses, the
// routes of every member host. Pure.

import { type Block, bitsOf, parseAddress, readBlock } from "../ipam/block.ts";
import type { Taken } from "../ipam/plan.ts";
import type { NetworkRecord, NodeRecord, ReportRecord } from "../model/cluster/records.ts";

/** A VPN that takes everything does it by two routes of this length, which hide nobody's subnet: longer ones come first. */
const HALF_OF_EVERYTHING = 1;

export interface Holders {
  networks: readonly NetworkRecord[];
  nodes: readonly NodeRecord[];
  /** By node. */
  reports: ReadonlyMap<string, ReportRecord>;
}

export function takenBlocks({ networks, nodes, reports }: Holders): Taken[] {
  return [
    ...networks.flatMap(({ name, subnets }) =>
      subnets.map(({ subnet }) => ({ block: readBlock(subnet), by: `network ${name} (${subnet})` })),
    ),
    ...nodes.map(({ name, vtep }) => ({ block: blockOf(vtep), by: `the underlay address ${vtep} of node ${name}` })),
    ...nodes.flatMap(({ id, name }) =>
      (reports.get(id)?.routes ?? []).flatMap(({ destination, device }) => {
        const block = routeBlock(destination);
        return block ? [{ block, by: `the route to ${destination} by ${device} on node ${name}` }] : [];
      }),
    ),
  ];
}

function blockOf(address: string): Block {
  const { family, value } = parseAddress(address);
  return { family, first: value, prefixLength: bitsOf(family) };
}

/** null for a default route, and for one that cannot be read: another host's report keeps nobody from making a network. */
function routeBlock(destination: string): Block | null {
  try {
    const block = readBlock(destination);
    return block.prefixLength <= HALF_OF_EVERYTHING ? null : block;
  } catch {
    return null;
  }
}
