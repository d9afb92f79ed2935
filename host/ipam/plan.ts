// The subnets of a new network: as asked, or from the pools, each with its gateway, ip-range and reserved addresses, judged against everything
// that is taken (other networks, routes of member hosts, the underlay's own addresses). Bad values are UsageErrors, what is taken is an
// OperationError that says by what. Pure.

import type { SubnetRecord } from "../model/cluster/records.ts";
import { OperationError, UsageError } from "../model/errors.ts";
import { canonicalIp, type Family } from "../model/ip.ts";
import { AddressSet } from "./address-set.ts";
import {
  type Block,
  contains,
  covers,
  formatAddress,
  formatBlock,
  overlaps,
  parseAddress,
  parseBlock,
  readBlock,
  refusedAs,
} from "./block.ts";
import { nextSubnet, type Pool, randomUla, subnetsOf } from "./pools.ts";
import { capacityOf, hostsOf, spaceOf } from "./space.ts";

/** One entry of Docker's `IPAM.Config`. */
export interface SubnetRequest {
  Subnet?: string | undefined;
  IPRange?: string | undefined;
  Gateway?: string | undefined;
  AuxiliaryAddresses?: Record<string, string> | undefined;
}

export interface Taken {
  block: Block;
  /** E.g. `network blue (10.0.0.0/24)`. */
  by: string;
}

export interface Surroundings {
  ipv6: boolean;
  pools: readonly Pool[];
  taken: readonly Taken[];
  random: (bytes: number) => Uint8Array;
}

/** Blocks that no network can have, and why. */
const UNFIT: { block: Block; why: string }[] = (
  [
    ["0.0.0.0/8", "is this-network (RFC 791 section 3.2)"],
    ["127.0.0.0/8", "is loopback: it never leaves a host"],
    ["169.254.0.0/16", "is link-local: hosts give it to themselves"],
    ["224.0.0.0/4", "is multicast"],
    ["240.0.0.0/4", "is reserved (RFC 1112 section 4)"],
    ["::/96", "is loopback and unspecified"],
    ["fe80::/10", "is link-local: hosts give it to themselves"],
    ["ff00::/8", "is multicast"],
  ] as const
).map(([text, why]) => ({ block: readBlock(text), why: `${text} ${why}` }));

/** Everything is judged before anything is chosen, so that what is chosen keeps clear of what was asked for. */
export function planSubnets(requests: readonly SubnetRequest[], around: Surroundings): SubnetRecord[] {
  const asked = requests.map((request) => (request.Subnet === undefined ? null : askedBlock(request.Subnet, around)));
  for (const [index, request] of requests.entries()) if (asked[index] === null) refuseWithoutSubnet(request);
  refuseAmongThemselves(asked.filter((block) => block !== null));
  const taken = around.taken.map(({ block }) => block).concat(asked.filter((block) => block !== null));
  const take = (block: Block): Block => {
    taken.push(block);
    return block;
  };
  const subnets = requests.map((request, index) => complete(asked[index] ?? take(fromPools(around, taken)), request));
  const has = (family: Family) => subnets.some(({ subnet }) => readBlock(subnet).family === family);
  if (!has(4)) subnets.unshift(complete(take(fromPools(around, taken)), {}));
  if (around.ipv6 && !has(6)) subnets.push(complete(take(ulaBlock(around, taken)), {}));
  return subnets;
}

function askedBlock(text: string, { ipv6, taken }: Surroundings): Block {
  const block = parseBlock("subnet", text);
  if (block.family === 6 && !ipv6) throw new UsageError(`IPv6 subnet ${text} needs --ipv6 (EnableIPv6)`);
  const unfit = UNFIT.find((entry) => overlaps(entry.block, block));
  if (unfit) throw new UsageError(`invalid subnet ${text}: ${unfit.why}`);
  const other = taken.find((entry) => overlaps(entry.block, block));
  // Docker's own words first: people search for them.
  if (other) throw new OperationError(`Pool overlaps with other one on this address space: ${formatBlock(block)} overlaps ${other.by}`);
  return block;
}

function refuseWithoutSubnet(request: SubnetRequest): void {
  const { IPRange, Gateway, AuxiliaryAddresses = {} } = request;
  const [what] = [IPRange && "ip-range", Gateway && "gateway", Object.keys(AuxiliaryAddresses).length > 0 && "aux-address"].filter(Boolean);
  if (what) throw new UsageError(`every ip-range, gateway or aux-address must have a corresponding subnet (the ${what} has none)`);
}

function refuseAmongThemselves(blocks: Block[]): void {
  for (const [index, block] of blocks.entries()) {
    const other = blocks.slice(0, index).find((earlier) => overlaps(earlier, block));
    if (other) throw new UsageError(`subnets ${formatBlock(other)} and ${formatBlock(block)} of the same network overlap`);
  }
}

function fromPools({ pools, taken: named }: Surroundings, taken: readonly Block[]): Block {
  const block = nextSubnet(pools, taken);
  if (block) return block;
  const bases = pools.map(({ base, size }) => `${base} by /${size}`).join(", ");
  // One route of a VPN can hide a whole pool.
  const whole = named.find((entry) => pools.some(({ base }) => covers(entry.block, readBlock(base))));
  throw new OperationError(
    `all predefined address pools have been fully subnetted: none of the ${subnetsOf(pools)} subnets of ${bases} is free${whole ? ` (${whole.by} covers all of a pool)` : ""}; give one with --subnet`,
  );
}

function ulaBlock({ random }: Surroundings, taken: Block[]): Block {
  const block = randomUla(random, taken);
  if (!block) throw new OperationError("no free IPv6 subnet was found in fd00::/8: give one with --subnet");
  return block;
}

/** The record of a subnet, with what the request says of it checked and what it does not say filled in. */
function complete(block: Block, request: SubnetRequest): SubnetRecord {
  const subnet = formatBlock(block);
  const range = request.IPRange === undefined ? null : parseBlock("ip-range", request.IPRange);
  if (range && !covers(block, range)) throw new UsageError(`ip-range ${formatBlock(range)} is not within subnet ${subnet}`);
  const auxAddresses: Record<string, string> = {};
  const names = new Map<bigint, string>();
  for (const [name, ip] of Object.entries(request.AuxiliaryAddresses ?? {})) {
    const value = hostOf(block, `aux-address ${name}=${ip}`, ip);
    if (names.has(value)) throw new UsageError(`aux-address ${name}=${ip} is that of ${names.get(value)} too`);
    names.set(value, name);
    auxAddresses[name] = canonicalIp(ip);
  }
  const gateway =
    request.Gateway === undefined ? defaultGateway(block, names) : hostOf(block, `gateway ${request.Gateway}`, request.Gateway);
  const namesake = names.get(gateway);
  if (namesake !== undefined) throw new UsageError(`aux-address ${namesake}=${auxAddresses[namesake]} is the gateway's`);
  const record = { subnet, gateway: formatAddress(block.family, gateway), ipRange: range && formatBlock(range), auxAddresses };
  if (capacityOf(spaceOf(record), new AddressSet()).total === 0) {
    throw new UsageError(`${range ? `ip-range ${record.ipRange}` : `subnet ${subnet}`} has no address left for an endpoint`);
  }
  return record;
}

function hostOf(block: Block, what: string, text: string): bigint {
  const address = refusedAs(`invalid ${what}`, () => parseAddress(text));
  const { firstHost, lastHost } = hostsOf(block);
  if (!contains(block, address)) throw new UsageError(`${what} is not within subnet ${formatBlock(block)}`);
  if (address.value < firstHost || address.value > lastHost) throw new UsageError(`${what} is no host's address in ${formatBlock(block)}`);
  return address.value;
}

function defaultGateway(block: Block, reserved: Map<bigint, string>): bigint {
  const { firstHost, lastHost } = hostsOf(block);
  for (let value = firstHost; value <= lastHost; value++) if (!reserved.has(value)) return value;
  throw new UsageError(`subnet ${formatBlock(block)} has no address left for a gateway`);
}
