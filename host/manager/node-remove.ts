// `node drain`, `node rm` and `node leave`. A node goes in steps that may be cut off and begun again at any point: marked, so that nothing new
// is put there, and nothing put back; its endpoints freed, some at a time; its record last of all. Main thread.

import type { Answer } from "../model/cluster/answers.ts";
import { aliveKey, MEMBERS_KEY, NODES, nodeKey, reportKey } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import { type NodeRecord, rewrite } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { OperationError } from "../model/errors.ts";
import { type Caller, type Context, nextCount, read, readAll, sameCounter, unchanged, untilDone } from "./context.ts";
import { eachNamed } from "./each-named.ts";
import { findNode } from "./find.ts";
import { releaseNode } from "./release.ts";

type Marks = Partial<Pick<NodeRecord, "availability" | "removing">>;

export async function drainNode({ store }: Context, { name, active }: Checked<"node.drain">): Promise<Answer<"node.drain">> {
  const { record } = await findNode(store, name);
  const found = await mark(store, record.id, active ? { availability: "active", removing: undefined } : { availability: "drain" });
  if (!found) throw new OperationError(`node ${name} not found`);
  return {};
}

export async function removeNodes(context: Context, { names, force }: Checked<"node.rm">): Promise<Answer<"node.rm">> {
  const { found, refused } = await eachNamed(names, async (name) => {
    const { record } = await findNode(context.store, name);
    if (!force && (await context.store.get(aliveKey(record.id)))) {
      throw new OperationError(`node ${record.name} is up: drain and stop it, or use --force`);
    }
    await removeNode(context, record, "without one the cluster ends");
    return name;
  });
  return { removed: found, refused };
}

export async function leaveCluster(context: Context, { nodeId }: Caller): Promise<Answer<"node.leave">> {
  const own = await read<NodeRecord>(context.store, nodeKey(nodeId));
  if (own) await removeNode(context, own.record, "without it the cluster ends (`weft leave --force`)");
  return {};
}

/** false when there is no such node. */
function mark(store: Store, id: string, marks: Marks): Promise<boolean> {
  return untilDone(`node ${id}`, async () => {
    const node = await read<NodeRecord>(store, nodeKey(id));
    if (!node) return false;
    if ((Object.keys(marks) as (keyof Marks)[]).every((key) => node.record[key] === marks[key])) return true;
    const { succeeded } = await store.commit([unchanged(node)], [{ put: node.key, value: rewrite<NodeRecord>(node.json, marks) }]);
    return succeeded ? true : null;
  });
}

async function removeNode(context: Context, { id, name, role }: NodeRecord, hint: string): Promise<void> {
  const { store } = context;
  const lastManager = `node ${name} is the last manager: ${hint}`;
  if (role === "manager") await refuseLastManager(store, id, lastManager);
  await untilDone(`node ${name}`, async () => {
    if (!(await mark(store, id, { availability: "drain", removing: true }))) return true;
    await releaseNode(context, id, []);
    const [node, members] = await Promise.all([read<NodeRecord>(store, nodeKey(id)), store.get(MEMBERS_KEY)]);
    if (!node) return true;
    if (!node.record.removing) return null;
    // Two managers that remove each other at once: the second finds that MEMBERS_KEY has changed, and then that it is the last.
    if (role === "manager") await refuseLastManager(store, id, lastManager);
    const { succeeded } = await store.commit(
      [unchanged(node), sameCounter(MEMBERS_KEY, members)],
      [{ delete: node.key }, { delete: aliveKey(id) }, { delete: reportKey(id) }, { put: MEMBERS_KEY, value: nextCount(members) }],
    );
    return succeeded ? true : null;
  });
}

async function refuseLastManager(store: Store, id: string, complaint: string): Promise<void> {
  const nodes = await readAll<NodeRecord>(store, NODES);
  if (!nodes.some(({ record }) => record.role === "manager" && record.id !== id)) throw new OperationError(complaint);
}
