// `node.register`: what a member says of itself each time it starts. The record was made when it joined (host/cluster): who has none was removed,
// and does not come back by a certificate that is still good. Main thread.

import { refusedAs } from "../ipam/block.ts";
import { refuseHidden } from "../ipam/hidden.ts";
import type { Answer } from "../model/cluster/answers.ts";
import { aliveKey, CLUSTER_KEY, MEMBERS_KEY, NETWORKS, NODES, nodeKey, POOLS_KEY } from "../model/cluster/keys.ts";
import { checkedName } from "../model/cluster/network-options.ts";
import type { Checked } from "../model/cluster/operations.ts";
import { type AliveRecord, type ClusterRecord, type NetworkRecord, type NodeRecord, rewrite } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { OperationError, UsageError } from "../model/errors.ts";
import { unicastIp } from "../model/ip.ts";
import { type Caller, type Context, nextCount, read, readAll, sameCounter, unchanged, untilDone } from "./context.ts";

type Input = Checked<"node.register">;

export async function registerNode({ store }: Context, caller: Caller, asked: Input): Promise<Answer<"node.register">> {
  checkedName("node", asked.name);
  if (asked.manager !== null && caller.role !== "manager") throw new UsageError("a worker serves no managers' address");
  const input = { ...asked, vtep: refusedAs("invalid VTEP address", () => unicastIp(asked.vtep)) };
  const cluster = await read<ClusterRecord>(store, CLUSTER_KEY);
  if (!cluster) throw new OperationError("the store holds no cluster");
  await untilDone(`node ${input.name}`, () => attempt(store, caller.nodeId, input));
  return { nodeId: caller.nodeId, clusterId: cluster.record.id, dataPort: cluster.record.dataPort };
}

async function attempt(store: Store, nodeId: string, input: Input): Promise<true | null> {
  const [members, pools] = await Promise.all([store.get(MEMBERS_KEY), store.get(POOLS_KEY)]);
  const [own, alive] = await Promise.all([read<NodeRecord>(store, nodeKey(nodeId)), read<AliveRecord>(store, aliveKey(nodeId))]);
  if (!own) throw new OperationError(`node ${nodeId} is not a member of the cluster (any more): join again with a token`);
  if (alive && alive.record.incarnation > input.incarnation) {
    throw new OperationError(
      `node ${own.record.name} runs already, started later (${alive.record.incarnation}, this one ${input.incarnation}): is its state directory a copy?`,
    );
  }
  const { name, vtep, manager } = own.record;
  await refuseTaken(store, nodeId, input);
  if (name === input.name && vtep === input.vtep && manager === input.manager) return true;
  const changes: Partial<NodeRecord> = { name: input.name, vtep: input.vtep, manager: input.manager };
  const { succeeded } = await store.commit(
    [sameCounter(MEMBERS_KEY, members), sameCounter(POOLS_KEY, pools), unchanged(own)],
    [
      { put: own.key, value: rewrite<NodeRecord>(own.json, changes) },
      { put: MEMBERS_KEY, value: nextCount(members) },
    ],
  );
  return succeeded ? true : null;
}

async function refuseTaken(store: Store, nodeId: string, { name, vtep }: Input): Promise<void> {
  const [nodes, networks] = await Promise.all([readAll<NodeRecord>(store, NODES), readAll<NetworkRecord>(store, NETWORKS)]);
  const others = nodes.map(({ record }) => record).filter(({ id }) => id !== nodeId);
  const namesake = others.find((other) => other.name === name);
  if (namesake)
    throw new OperationError(
      `node name ${name} is that of node ${namesake.id.slice(0, 12)} (${namesake.vtep}): choose another with --name`,
    );
  const neighbour = others.find((other) => other.vtep === vtep);
  if (neighbour) throw new OperationError(`VTEP address ${vtep} is that of node ${neighbour.name}: choose another with --advertise`);
  refuseHidden(
    vtep,
    networks.map(({ record }) => record),
  );
}
