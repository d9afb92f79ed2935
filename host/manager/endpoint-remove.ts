// `endpoint.remove`: done also when there is nothing to remove. A node removes its own; who asks on a manager, any. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import { ENDPOINTS, endpointKey, networkEndpoints, partsOf } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { EndpointRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { type Caller, type Context, read, type Stored, untilDone } from "./context.ts";
import { findNetworkOrNone } from "./find.ts";
import { releaseOf } from "./release.ts";

export async function removeEndpoint(
  { store, rest }: Context,
  caller: Caller,
  { id, network: reference }: Checked<"endpoint.remove">,
): Promise<Answer<"endpoint.remove">> {
  const network = await findNetworkOrNone(store, reference);
  if (!network) return {};
  return untilDone(`endpoint ${id.slice(0, 12)}`, async () => {
    const endpoint = await find(store, caller, network.record.id, id);
    if (!endpoint) return {};
    return rest.with(async (lease) => {
      const { compares, changes } = await releaseOf(store, endpoint, lease);
      return (await store.commit(compares, changes)).succeeded ? {} : null;
    });
  });
}

async function find(store: Store, { nodeId, role }: Caller, network: string, id: string): Promise<Stored<EndpointRecord> | null> {
  const own = await read<EndpointRecord>(store, endpointKey(network, nodeId, id));
  if (own || role !== "manager") return own;
  const { entries } = await store.list(networkEndpoints(network), { keysOnly: true });
  const key = entries.map((entry) => entry.key).find((other) => partsOf(other, ENDPOINTS)[2] === id);
  return key === undefined ? null : read<EndpointRecord>(store, key);
}
