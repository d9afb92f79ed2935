// The addresses of a new endpoint: those that it asks for, honoured or refused, and for the rest the next free one of each family's subnets, in
// their order. What is picked is not taken: `compares` say what must still be so when it is. Main thread.

import { contains, formatAddress, parseAddress, refusedAs } from "../ipam/block.ts";
import { capacityOf, type Space, spaceOf, whyReserved } from "../ipam/space.ts";
import { addressKey, aliveKey, endpointKey, nodeKey } from "../model/cluster/keys.ts";
import type { AddressRecord, EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { Compare, Store } from "../model/cluster/store.ts";
import { OperationError, UsageError } from "../model/errors.ts";
import type { Family } from "../model/ip.ts";
import { type Context, read, unchanged } from "./context.ts";
import type { NetworkAddresses } from "./network-addresses.ts";

/** Nodes that an exhausted pool's complaint names. */
const HOLDERS_NAMED_MAX = 3;

export interface Pick {
  ip: string;
  /** With the subnet's prefix length. */
  cidr: string;
  family: Family;
  compare: Compare;
  /** Chosen by the view, which waits to hear how it ended. */
  chosen: boolean;
}

/** What is asked for by name: addresses, and the MAC address that goes with them; null: any. */
export interface Asked {
  picks: Pick[];
  mac: string | null;
}

/**
 * The asked ones, checked. One that was freed a moment ago brings the MAC address that it had, unless another is asked for: so a container that is removed and
 * run again has its address at once, and no neighbour's cache is wrong. Throws UsageError and OperationError.
 */
export async function askedAddresses(
  store: Store,
  network: NetworkRecord,
  ips: readonly string[],
  askedMac: string | null,
): Promise<Asked> {
  const picks: Pick[] = [];
  let mac = askedMac;
  for (const text of ips) {
    const { pick, restingMac } = await askedAddress(store, network, text, mac);
    if (picks.some(({ family }) => family === pick.family))
      throw new UsageError(`an endpoint has one IPv${pick.family} address: ${text} is a second`);
    picks.push(pick);
    mac ??= restingMac;
  }
  return { picks, mac };
}

async function askedAddress(
  store: Store,
  network: NetworkRecord,
  text: string,
  mac: string | null,
): Promise<{ pick: Pick; restingMac: string | null }> {
  const address = refusedAs("invalid address", () => parseAddress(text));
  const { family, value } = address;
  if (family === 6 && !network.ipv6)
    throw new UsageError(`address ${text}: network ${network.name} has no IPv6 (it was made without --ipv6)`);
  const space = network.subnets.map(spaceOf).find(({ subnet }) => contains(subnet, address));
  if (!space) {
    const subnets = network.subnets.map(({ subnet }) => subnet).join(", ");
    throw new UsageError(`address ${text} is in no subnet of network ${network.name} (${subnets})`);
  }
  const why = whyReserved(space, value);
  if (why) throw new OperationError(`Address already in use: ${text} is ${why} of network ${network.name}`);
  const ip = formatAddress(family, value);
  const key = addressKey(network.id, ip);
  const held = await read<AddressRecord>(store, key);
  if (held && !mayMove(held.record, mac))
    throw new OperationError(`Address already in use: ${ip} ${await holderOf(store, network, held.record)}`);
  const pick = { ip, cidr: cidrOf(space, ip), family, compare: held ? unchanged(held) : ({ key, is: "absent" } as const), chosen: false };
  return { pick, restingMac: held?.record.restingMac ?? null };
}

/** Freed a moment ago by an endpoint that now comes back, here or on another node: nobody's tables can mistake it for another. */
function mayMove({ endpoint, restingMac }: AddressRecord, mac: string | null): boolean {
  return endpoint === null && restingMac !== undefined && (mac === null || mac === restingMac);
}

async function holderOf(
  store: Store,
  network: NetworkRecord,
  { endpoint, node, restingMac, restingUntil }: AddressRecord,
): Promise<string> {
  if (endpoint === null || node === null) {
    const byMac = restingMac === undefined ? "" : `; with ${restingMac}, the MAC address that it had, it may be had now`;
    return `was freed a moment ago and rests until ${restingUntil ?? "a minute is over"}${byMac}`;
  }
  const [holder, record, alive] = await Promise.all([
    read<EndpointRecord>(store, endpointKey(network.id, node, endpoint)),
    read<NodeRecord>(store, nodeKey(node)),
    store.get(aliveKey(node)),
  ]);
  const name = record?.record.name ?? node;
  const down = alive ? "" : `, which is down (\`weft node rm ${name}\` frees what it holds)`;
  return `is that of ${holder?.record.name || endpoint.slice(0, 12)} on node ${name}${down}`;
}

/** The next free address of a family, marked in the view. Throws OperationError when there is none. */
export async function freeAddress(
  { store, addresses: view }: Context,
  network: NetworkRecord,
  family: Family,
  distrusted: boolean,
): Promise<Pick> {
  const spaces = network.subnets.map(spaceOf).filter(({ subnet }) => subnet.family === family);
  const addresses = await view.of(network.id, distrusted);
  for (const space of spaces) {
    const ip = view.choose(network.id, space, addresses);
    if (ip) return { ip, cidr: cidrOf(space, ip), family, compare: { key: addressKey(network.id, ip), is: "absent" }, chosen: true };
  }
  throw new OperationError(await exhausted(store, network, family, addresses));
}

async function exhausted(store: Store, network: NetworkRecord, family: Family, addresses: NetworkAddresses): Promise<string> {
  const pools = network.subnets.flatMap((record) => {
    const space = spaceOf(record);
    if (space.subnet.family !== family) return [];
    const { total, free } = capacityOf(space, addresses.taken[family]);
    const pool = record.ipRange === null ? record.subnet : `${record.ipRange} (the ip-range of ${record.subnet})`;
    return [`${total - free} of ${total} of ${pool} are taken`];
  });
  const resting = addresses.resting[family].size;
  const holders = addresses.holders(family);
  const named = await Promise.all(
    holders.slice(0, HOLDERS_NAMED_MAX).map(async ({ node, count }) => {
      const record = await read<NodeRecord>(store, nodeKey(node));
      return `${record?.record.name ?? node} (${count})`;
    }),
  );
  const more = holders.length > HOLDERS_NAMED_MAX ? ` and ${holders.length - HOLDERS_NAMED_MAX} more` : "";
  return [
    `could not find an available IP in network ${network.name}: ${pools.join(", ")}`,
    ...(resting > 0 ? [`${resting} were freed in the last minute and rest`] : []),
    ...(named.length > 0 ? [`held by node ${named.join(", ")}${more}`] : []),
  ].join("; ");
}

function cidrOf({ subnet }: Space, ip: string): string {
  return `${ip}/${subnet.prefixLength}`;
}
