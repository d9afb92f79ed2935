// `endpoint.create`: an endpoint with its addresses and its MAC address, for the caller's own node, in one transaction that compares all that
// it was decided by. Asked again with the same id it answers what it made: an answer that got lost costs nothing. `attachable` is reported and
// not enforced: Docker keeps services' networks from plain containers by it, and here every container is a plain one. Main thread.

import { refusedAs } from "../ipam/block.ts";
import type { Answer } from "../model/cluster/answers.ts";
import {
  addressKey,
  ENDPOINTS,
  endpointKey,
  macKey,
  networkEndpoints,
  networkRemovalKey,
  nodeKey,
  partsOf,
} from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { AddressRecord, EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { Compare, Store } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";
import type { Family } from "../model/ip.ts";
import { canonicalIp } from "../model/ip.ts";
import { formatMac, macFromBytes, parseUnicastMac } from "../model/mac.ts";
import { type Asked, askedAddresses, freeAddress, type Pick } from "./address-pick.ts";
import { type Caller, type Context, isoTime, read, type Stored, unchanged, untilDone } from "./context.ts";
import { findNetwork } from "./find.ts";
import { NOT_RESTORING, refuseWhileRestoring } from "./restoring.ts";

/** After so many lost races the manager's picture of the addresses is no longer believed, and they are read. */
const TRUSTED_TRIES = 4;
/** IEEE 802 section 8.2.2: locally administered, unicast. */
const MAC_FIRST_BYTE = 0x02;

type Input = Checked<"endpoint.create">;

export async function createEndpoint(context: Context, caller: Caller, input: Input): Promise<Answer<"endpoint.create">> {
  const text = input.mac;
  const mac = text === undefined ? null : refusedAs("invalid MAC address", () => formatMac(parseUnicastMac(text)));
  return untilDone(`endpoint in network ${input.network}`, (tries) => attempt(context, caller, input, mac, tries));
}

async function attempt(
  context: Context,
  caller: Caller,
  input: Input,
  askedMac: string | null,
  tries: number,
): Promise<EndpointRecord | null> {
  const { store } = context;
  const network = await findNetwork(store, input.network);
  const { id, name } = network.record;
  const [node, present, removal] = await Promise.all([
    read<NodeRecord>(store, nodeKey(caller.nodeId)),
    read<EndpointRecord>(store, endpointKey(id, caller.nodeId, input.id)),
    store.get(networkRemovalKey(id)),
  ]);
  if (!node) throw new OperationError(`node ${caller.nodeId} is not a member of the cluster (any more)`);
  if (present) return sameAsAsked(present.record, name, input, askedMac);
  if (node.record.removing) throw new OperationError(`node ${node.record.name} is being removed from the cluster`);
  // It is among what the transaction compares: only when that failed it may be so.
  if (tries > 0 && !input.isBack) await refuseWhileRestoring(store);
  if (node.record.availability !== "active" && !input.isBack) {
    throw new OperationError(`node ${node.record.name} is drained: nothing new is put there (\`weft node drain --undo\` ends that)`);
  }
  if (removal) throw new OperationError(`network ${name} is being removed`);
  const { picks, mac } = await pick(context, network.record, input, askedMac, tries);
  let revision: number | null = null;
  try {
    const record = recordOf(context, caller, network.record, input, picks, mac);
    const allowed = input.isBack ? [] : [NOT_RESTORING];
    const answer = await store.commit([...compares(network, node, record, picks), ...allowed], changes(record, picks));
    revision = answer.revision;
    return answer.succeeded ? record : null;
  } finally {
    for (const { chosen, ip } of picks) if (chosen) context.addresses.settle(id, ip, revision);
  }
}

/** Throws OperationError when the endpoint is there but not as it is asked for. */
function sameAsAsked(endpoint: EndpointRecord, network: string, { ips, id }: Input, mac: string | null): EndpointRecord {
  const has = endpoint.addresses.map((cidr) => cidr.split("/")[0]);
  const other =
    ips.find((ip) => !has.includes(refusedAs("invalid address", () => canonicalIp(ip)))) ??
    (mac !== null && mac !== endpoint.mac ? mac : undefined);
  if (other === undefined) return endpoint;
  throw new OperationError(
    `endpoint ${id.slice(0, 12)} is in network ${network} already, with ${has.join(", ")} and ${endpoint.mac}, not ${other}`,
  );
}

async function refuseTakenMac(store: Store, network: NetworkRecord, mac: string): Promise<void> {
  const owner = await store.get(macKey(network.id, mac));
  if (!owner) return;
  const { entries } = await store.list(networkEndpoints(network.id), { keysOnly: true });
  const [, node] = entries.map(({ key }) => partsOf(key, ENDPOINTS)).find(([, , endpoint]) => endpoint === owner.value) ?? [];
  const holder = node === undefined ? null : await read<EndpointRecord>(store, endpointKey(network.id, node, owner.value));
  const record = node === undefined ? null : await read<NodeRecord>(store, nodeKey(node));
  throw new OperationError(
    `MAC address ${mac} is in use in network ${network.name} by ${holder?.record.name || owner.value.slice(0, 12)} on node ${record?.record.name ?? node ?? "unknown"}`,
  );
}

/** An address of each family that the network has: as asked, or the next free one; and the MAC address that it has to be. */
async function pick(context: Context, network: NetworkRecord, input: Input, askedMac: string | null, tries: number): Promise<Asked> {
  if (askedMac) await refuseTakenMac(context.store, network, askedMac);
  const { picks, mac } = await askedAddresses(context.store, network, input.ips, askedMac);
  if (mac !== null && mac !== askedMac) await refuseTakenMac(context.store, network, mac);
  const families: Family[] = network.ipv6 ? [4, 6] : [4];
  try {
    for (const family of families) {
      if (picks.some((asked) => asked.family === family)) continue;
      picks.push(await freeAddress(context, network, family, tries >= TRUSTED_TRIES));
    }
  } catch (error) {
    for (const { chosen, ip } of picks) if (chosen) context.addresses.settle(network.id, ip, null);
    throw error;
  }
  return { picks: picks.sort((a, b) => a.family - b.family), mac };
}

function recordOf(
  { now, random }: Context,
  caller: Caller,
  network: NetworkRecord,
  { id, name, aliases, container }: Input,
  picks: readonly Pick[],
  mac: string | null,
): EndpointRecord {
  return {
    id,
    network: network.id,
    node: caller.nodeId,
    name,
    aliases,
    mac: mac ?? formatMac(macFromBytes(Uint8Array.from([MAC_FIRST_BYTE, ...random(5)]))),
    addresses: picks.map(({ cidr }) => cidr),
    container,
    createdAt: isoTime(now()),
  };
}

function compares(network: Stored<NetworkRecord>, node: Stored<NodeRecord>, record: EndpointRecord, picks: readonly Pick[]): Compare[] {
  return [
    unchanged(network),
    unchanged(node),
    { key: networkRemovalKey(network.record.id), is: "absent" },
    { key: endpointKey(record.network, record.node, record.id), is: "absent" },
    { key: macKey(record.network, record.mac), is: "absent" },
    ...picks.map(({ compare }) => compare),
  ];
}

function changes(record: EndpointRecord, picks: readonly Pick[]) {
  const address: AddressRecord = { endpoint: record.id, node: record.node };
  return [
    { put: endpointKey(record.network, record.node, record.id), value: JSON.stringify(record) },
    { put: macKey(record.network, record.mac), value: record.id },
    ...picks.map(({ ip }) => ({ put: addressKey(record.network, ip), value: JSON.stringify(address) })),
  ];
}
