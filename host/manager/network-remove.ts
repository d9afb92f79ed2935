// `network rm` and `network prune`. A transaction cannot say "no endpoint under this prefix", so a network is removed in two steps: a mark, which
// every endpoint.create compares the absence of, then everything at once if there still is no endpoint. The mark is on a short lease: a manager
// that ends between the two leaves nothing behind. `--force` takes along endpoints of nodes that are down, and no others, and is content where there
// is no such network. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import { hasLabels, judgePruneFilters, lacksLabels, untilFilter } from "../model/cluster/filters.ts";
import {
  ALIVE,
  aliveKey,
  NETWORKS,
  NODES,
  networkAddresses,
  networkEndpoints,
  networkKey,
  networkMacs,
  networkNameKey,
  networkRemovalKey,
  POOLS_KEY,
  vniKey,
} from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { EndpointRecord, NetworkRecord, NodeRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";
import { type Context, nextCount, readAll, type Stored, sameCounter, untilDone } from "./context.ts";
import { eachNamed } from "./each-named.ts";
import { findNetwork, findNetworkOrNone } from "./find.ts";
import { usedNetworks } from "./network-read.ts";

const REMOVAL_SECONDS = 10;
/** Endpoints that a refusal names. */
const NAMED_MAX = 5;
/** Dead nodes whose endpoints `--force` takes along: each is a compare, and a transaction has 128. */
const DEAD_NODES_MAX = 100;

export async function removeNetworks(context: Context, input: Checked<"network.rm">): Promise<Answer<"network.rm">> {
  const { found, refused } = await eachNamed(input.names, async (name) => {
    const network = await (input.force ? findNetworkOrNone : findNetwork)(context.store, name);
    if (network) await removeNetwork(context, network, input.force);
    return network ? [name] : [];
  });
  return { removed: found.flat(), refused };
}

export async function pruneNetworks(context: Context, { filters }: Checked<"network.prune">): Promise<Answer<"network.prune">> {
  judgePruneFilters(filters);
  const until = untilFilter(filters, context.now());
  const [networks, used] = await Promise.all([readAll<NetworkRecord>(context.store, NETWORKS), usedNetworks(context.store)]);
  const unused = networks.filter(
    ({ record }) =>
      !used.has(record.id) &&
      hasLabels(filters.label, record.labels) &&
      lacksLabels(filters["label!"], record.labels) &&
      (until === null || Date.parse(record.createdAt) < until),
  );
  // One that somebody began to use meanwhile is left.
  const { found } = await eachNamed(
    unused.map(({ record }) => record.id),
    async (id) => {
      const network = unused.find(({ record }) => record.id === id) as Stored<NetworkRecord>;
      await removeNetwork(context, network, false);
      return network.record.name;
    },
  );
  return { NetworksDeleted: found };
}

async function removeNetwork(context: Context, { record: network }: Stored<NetworkRecord>, force: boolean): Promise<void> {
  await refuseInUse(context.store, network, force);
  await context.poolTurns.take(() => untilDone(`network ${network.name}`, () => attempt(context, network, force)));
  context.addresses.forget(network.id);
}

async function attempt({ store }: Context, network: NetworkRecord, force: boolean): Promise<true | null> {
  const present = { key: networkKey(network.id), is: "present" } as const;
  const mark = networkRemovalKey(network.id);
  const lease = await store.grantLease(REMOVAL_SECONDS);
  try {
    const marked = await store.commit([present], [{ put: mark, value: "", lease: lease.id }]);
    // Another request was faster: what was asked for is so.
    if (!marked.succeeded) return true;
    const dead = await refuseInUse(store, network, force);
    const pools = await store.get(POOLS_KEY);
    const { succeeded } = await store.commit(
      [
        { key: mark, modRevision: marked.revision },
        sameCounter(POOLS_KEY, pools),
        present,
        ...dead.map((node) => ({ key: aliveKey(node), is: "absent" }) as const),
      ],
      [
        { delete: networkKey(network.id) },
        { delete: networkNameKey(network.name) },
        { delete: vniKey(network.vni) },
        { deletePrefix: networkEndpoints(network.id) },
        { deletePrefix: networkAddresses(network.id) },
        { deletePrefix: networkMacs(network.id) },
        { put: POOLS_KEY, value: nextCount(pools) },
      ],
    );
    return succeeded ? true : null;
  } finally {
    // The mark goes with it.
    await store.revokeLease(lease.id).catch(() => undefined);
  }
}

/** Dead nodes that have endpoints, if those may go along. Throws OperationError that names who holds the network, and where. */
async function refuseInUse(store: Store, network: NetworkRecord, force: boolean): Promise<string[]> {
  const endpoints = (await readAll<EndpointRecord>(store, networkEndpoints(network.id))).map(({ record }) => record);
  if (endpoints.length === 0) return [];
  const alive = new Set((await store.list(ALIVE, { keysOnly: true })).entries.map(({ key }) => key.slice(ALIVE.length)));
  const holding = force ? endpoints.filter(({ node }) => alive.has(node)) : endpoints;
  const dead = [...new Set(endpoints.map(({ node }) => node))].filter((node) => !alive.has(node));
  if (holding.length === 0) {
    if (dead.length <= DEAD_NODES_MAX) return dead;
    throw new OperationError(`network ${network.name} has endpoints on ${dead.length} nodes that are down: remove those nodes first`);
  }
  const names = new Map((await readAll<NodeRecord>(store, NODES)).map(({ record }) => [record.id, record.name]));
  const named = holding.slice(0, NAMED_MAX).map(({ id, name, node }) => {
    return `${name || id.slice(0, 12)} on node ${names.get(node) ?? node}${alive.has(node) ? "" : " (down)"}`;
  });
  const more = holding.length > NAMED_MAX ? ` and ${holding.length - NAMED_MAX} more` : "";
  const hint = !force && dead.length > 0 && endpoints.every(({ node }) => !alive.has(node)) ? "; --force removes them with it" : "";
  throw new OperationError(`network ${network.name} has active endpoints: ${named.join(", ")}${more}${hint}`);
}
