// What of a subnet can be given to endpoints: not the network's own address nor broadcast (RFC 1122 section 3.2.1.3; RFC 3021 for a /31; for IPv6
// the subnet-router anycast, RFC 4291 section 2.6.1, RFC 6164 for a /127), not the gateway nor a reserved address, and by itself only from the
// ip-range. The choice goes round the range from the last one given out, so that a freed address comes back as late as can be. Pure.

import type { SubnetRecord } from "../model/cluster/records.ts";
import type { AddressSet } from "./address-set.ts";
import { type Block, bitsOf, lastOf, parseAddress, readBlock, sizeOf } from "./block.ts";

export interface Space {
  subnet: Block;
  /** Hosts can have these. */
  firstHost: bigint;
  lastHost: bigint;
  /** Given out unasked: the ip-range's part of them. */
  first: bigint;
  last: bigint;
  /** Address → what it is kept for. */
  reserved: Map<bigint, string>;
}

/** How full a subnet is; counts that no JSON number holds are cut off at 2^53 − 1. */
export interface Capacity {
  /** Taken or reserved in the whole subnet, its own address and broadcast too (Docker's `IPsInUse`). */
  inUse: number;
  /** To be had without asking for a certain one (Docker's `DynamicIPsAvailable`). */
  free: number;
  /** What `free` is with no endpoint at all. */
  total: number;
}

/** The hosts' part of a subnet. */
export function hostsOf(subnet: Block): { firstHost: bigint; lastHost: bigint } {
  const small = bitsOf(subnet.family) - subnet.prefixLength < 2;
  return {
    firstHost: small ? subnet.first : subnet.first + 1n,
    lastHost: small || subnet.family === 6 ? lastOf(subnet) : lastOf(subnet) - 1n,
  };
}

export function spaceOf(record: SubnetRecord): Space {
  const subnet = readBlock(record.subnet);
  const range = record.ipRange === null ? subnet : readBlock(record.ipRange);
  const { firstHost, lastHost } = hostsOf(subnet);
  const reserved = new Map([[parseAddress(record.gateway).value, "the gateway"]]);
  for (const [name, ip] of Object.entries(record.auxAddresses)) reserved.set(parseAddress(ip).value, `auxiliary address ${name}`);
  return {
    subnet,
    firstHost,
    lastHost,
    first: range.first > firstHost ? range.first : firstHost,
    last: lastOf(range) < lastHost ? lastOf(range) : lastHost,
    reserved,
  };
}

/** Why no endpoint can have an address of the subnet, or null. */
export function whyReserved(space: Space, value: bigint): string | null {
  if (value < space.firstHost) return space.subnet.family === 4 ? "the network's own address" : "the subnet-router anycast address";
  if (value > space.lastHost) return "the broadcast address";
  return space.reserved.get(value) ?? null;
}

/** The next free address after `after` (null: from the beginning), round the range; null when there is none. `busy` are not to be had either. */
export function chooseAddress(
  space: Space,
  taken: AddressSet,
  after: bigint | null,
  busy: (value: bigint) => boolean = () => false,
): bigint | null {
  const start = after !== null && after >= space.first && after < space.last ? after + 1n : space.first;
  return firstFree(space, taken, busy, start, space.last) ?? firstFree(space, taken, busy, space.first, start - 1n);
}

function firstFree(space: Space, taken: AddressSet, busy: (value: bigint) => boolean, from: bigint, to: bigint): bigint | null {
  let value = taken.nextAbsent(from, to);
  while (value !== null && (space.reserved.has(value) || busy(value))) value = taken.nextAbsent(value + 1n, to);
  return value;
}

export function capacityOf(space: Space, taken: AddressSet): Capacity {
  const reserved = [...space.reserved.keys()].filter((value) => value >= space.firstHost && value <= space.lastHost);
  const within = reserved.filter((value) => value >= space.first && value <= space.last).length;
  const span = space.last < space.first ? 0n : space.last - space.first + 1n;
  const total = span - BigInt(within);
  const notHosts = sizeOf(space.subnet) - (space.lastHost - space.firstHost + 1n);
  return {
    inUse: toNumber(notHosts + BigInt(reserved.length + taken.count(space.firstHost, space.lastHost))),
    free: toNumber(total - BigInt(taken.count(space.first, space.last))),
    total: toNumber(total),
  };
}

function toNumber(count: bigint): number {
  return count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(count);
}
