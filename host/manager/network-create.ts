// `network create`: a name, a VNI and subnets that are nobody else's, in one transaction. Who takes a subnet compares and changes POOLS_KEY, and
// who adds a VTEP MEMBERS_KEY: what was read after the two is still so when the transaction holds. Main thread.

import { planSubnets } from "../ipam/plan.ts";
import type { Answer } from "../model/cluster/answers.ts";
import { newId } from "../model/cluster/ids.ts";
import {
  CLUSTER_KEY,
  MEMBERS_KEY,
  NETWORKS,
  NODES,
  networkKey,
  networkNameKey,
  POOLS_KEY,
  REPORTS,
  vniKey,
} from "../model/cluster/keys.ts";
import { checkedDriver, checkedNetworkName, networkOptions } from "../model/cluster/network-options.ts";
import type { Checked } from "../model/cluster/operations.ts";
import {
  type ClusterRecord,
  type NetworkRecord,
  type NodeRecord,
  PROBE_VNI,
  type ReportRecord,
  VNI_FIRST,
} from "../model/cluster/records.ts";
import { OperationError, UsageError } from "../model/errors.ts";
import { familyOf } from "../model/ip.ts";
import { type OverlayMtu, underlayMtuFor } from "../model/mtu.ts";
import { type Context, isoTime, nextCount, read, readAll, sameCounter, untilDone } from "./context.ts";
import { refuseWhileRestoring } from "./restoring.ts";
import { type Holders, takenBlocks } from "./taken.ts";

/** Every host knows all networks, and each new one is compared with all others. */
const CLUSTER_NETWORKS_MAX = 10_000;
/** Of a network's record, which every host keeps. */
const RECORD_CHARACTERS_MAX = 65_536;
/** Nodes that a warning names. */
const NAMED_MAX = 3;

type Input = Checked<"network.create">;

export function createNetwork(context: Context, input: Input): Promise<Answer<"network.create">> {
  checkedNetworkName(input.Name);
  checkedDriver(input.Driver);
  const options = networkOptions(input.Options, input.EnableIPv6);
  return context.poolTurns.take(() => untilDone(`network ${input.Name}`, () => attempt(context, input, options)));
}

async function attempt(
  { store, now, random }: Context,
  input: Input,
  options: ReturnType<typeof networkOptions>,
): Promise<Answer<"network.create"> | null> {
  await refuseWhileRestoring(store);
  const [pools, members] = await Promise.all([store.get(POOLS_KEY), store.get(MEMBERS_KEY)]);
  const [cluster, holders] = await Promise.all([read<ClusterRecord>(store, CLUSTER_KEY), readHolders(store)]);
  if (!cluster) throw new OperationError("the store holds no cluster");
  refuseTaken(holders.networks, input.Name, options.vni);
  const network: NetworkRecord = {
    id: newId(random),
    name: input.Name,
    createdAt: isoTime(now()),
    vni: options.vni ?? lowestFreeVni(holders.networks),
    mtu: options.mtu,
    internal: input.Internal,
    attachable: input.Attachable,
    ipv6: input.EnableIPv6,
    labels: input.Labels,
    options: input.Options,
    subnets: planSubnets(input.IPAM.Config, {
      ipv6: input.EnableIPv6,
      pools: cluster.record.pools,
      taken: takenBlocks(holders),
      random,
    }),
  };
  const value = JSON.stringify(network);
  if (value.length > RECORD_CHARACTERS_MAX) {
    throw new UsageError(
      `network ${network.name}: labels, options and addresses have more than ${RECORD_CHARACTERS_MAX} characters together`,
    );
  }
  const { succeeded } = await store.commit(
    [
      sameCounter(POOLS_KEY, pools),
      sameCounter(MEMBERS_KEY, members),
      { key: networkNameKey(network.name), is: "absent" },
      { key: vniKey(network.vni), is: "absent" },
    ],
    [
      { put: networkKey(network.id), value },
      { put: networkNameKey(network.name), value: network.id },
      { put: vniKey(network.vni), value: network.id },
      { put: POOLS_KEY, value: nextCount(pools) },
    ],
  );
  return succeeded ? { Id: network.id, Warning: warningOf(network, holders) } : null;
}

async function readHolders(store: Context["store"]): Promise<Holders> {
  const [networks, nodes, reports] = await Promise.all([
    readAll<NetworkRecord>(store, NETWORKS),
    readAll<NodeRecord>(store, NODES),
    readAll<ReportRecord>(store, REPORTS),
  ]);
  return {
    networks: networks.map(({ record }) => record),
    nodes: nodes.map(({ record }) => record),
    reports: new Map(reports.map(({ key, record }) => [key.slice(REPORTS.length), record])),
  };
}

function refuseTaken(networks: readonly NetworkRecord[], name: string, vni: number | null): void {
  if (networks.some((other) => other.name === name)) throw new OperationError(`network with name ${name} already exists`);
  const owner = networks.find((other) => other.vni === vni);
  if (owner) throw new OperationError(`VNI ${vni} is that of network ${owner.name}`);
  if (networks.length >= CLUSTER_NETWORKS_MAX)
    throw new OperationError(`the cluster has ${CLUSTER_NETWORKS_MAX} networks, as many as it may`);
}

function lowestFreeVni(networks: readonly NetworkRecord[]): number {
  const used = new Set(networks.map(({ vni }) => vni));
  let vni = VNI_FIRST;
  while (used.has(vni)) vni++;
  if (vni >= PROBE_VNI) throw new OperationError("every VNI is in use");
  return vni;
}

/** An MTU that some hosts' underlay does not carry is honoured, and told. */
function warningOf({ mtu }: NetworkRecord, { nodes, reports }: Holders): string {
  if (mtu === null) return "";
  const small = nodes.flatMap(({ id, name, vtep }) => {
    const needed = underlayMtuFor(mtu as OverlayMtu, familyOf(vtep));
    const has = reports.get(id)?.underlayMtu;
    return has !== undefined && has < needed ? [`${name} (${has}, needs ${needed})`] : [];
  });
  if (small.length === 0) return "";
  const more = small.length > NAMED_MAX ? ` and ${small.length - NAMED_MAX} more` : "";
  return `mtu ${mtu} is more than the underlay carries on node ${small.slice(0, NAMED_MAX).join(", ")}${more}`;
}
