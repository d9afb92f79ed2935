// `token`, and what else is asked of the cluster as a whole. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import { CLUSTER_KEY, NODES, tokenKey } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { ClusterRecord, NodeRecord, TokenRecord } from "../model/cluster/records.ts";
import { withNewSecret } from "../model/cluster/token-record.ts";
import { OperationError } from "../model/errors.ts";
import { type Context, read, readAll, untilDone } from "./context.ts";

/** The join token of a role; with `rotate` a new one, and the old one is good for nothing from then on. */
export async function showToken({ store, random, tokenText }: Context, input: Checked<"token.show">): Promise<Answer<"token.show">> {
  const key = tokenKey(input.role);
  const secret = await untilDone(`token of ${input.role}s`, async () => {
    const token = await read<TokenRecord>(store, key);
    if (token && !input.rotate) return token.record.secret;
    if (!input.rotate) throw new OperationError(`there is no token for a ${input.role}: make one with --rotate`);
    const changed = withNewSecret(token?.record ?? null, random);
    const { succeeded } = await store.commit(
      [token ? { key, modRevision: token.modRevision } : { key, is: "absent" }],
      [{ put: key, value: JSON.stringify(changed) }],
    );
    return succeeded ? changed.secret : null;
  });
  return { token: await tokenText(input.role, secret) };
}

export async function clusterInfo({ store }: Context): Promise<Answer<"cluster.info">> {
  const [cluster, nodes] = await Promise.all([read<ClusterRecord>(store, CLUSTER_KEY), readAll<NodeRecord>(store, NODES)]);
  if (!cluster) throw new OperationError("the store holds no cluster");
  const { id, createdAt, dataPort } = cluster.record;
  const managers = nodes.flatMap(({ record }) => record.manager ?? []);
  return { clusterId: id, createdAt, dataPort, nodes: nodes.length, managers };
}
