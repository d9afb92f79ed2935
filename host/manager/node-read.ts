// `node ls` and `node inspect`, in Docker's words. Main thread.

import type { Answer, NodeResource } from "../model/cluster/answers.ts";
import { isOneOf, judgeNodeFilters, matchesOneOf } from "../model/cluster/filters.ts";
import { ALIVE, ENDPOINTS, NODES, partsOf, REPORTS } from "../model/cluster/keys.ts";
import type { Checked } from "../model/cluster/operations.ts";
import type { AliveRecord, NodeRecord, ReportRecord } from "../model/cluster/records.ts";
import type { Store } from "../model/cluster/store.ts";
import { type Context, readAll, type Stored } from "./context.ts";
import { eachNamed } from "./each-named.ts";
import { nodeAmong } from "./find.ts";

export async function listNodes(context: Context, { filters }: Checked<"node.ls">): Promise<Answer<"node.ls">> {
  judgeNodeFilters(filters);
  const { nodes, around } = await readNodes(context);
  return nodes
    .filter(
      ({ record }) => isOneOf(filters.role, record.role) && matchesOneOf(filters.id, record.id) && matchesOneOf(filters.name, record.name),
    )
    .map(({ record }) => nodeResource(record, around))
    .sort((a, b) => (a.Spec.Name < b.Spec.Name ? -1 : 1));
}

export async function inspectNodes(context: Context, { names }: Checked<"node.inspect">): Promise<Answer<"node.inspect">> {
  const { nodes, around } = await readNodes(context);
  return eachNamed(names, async (name) => nodeResource(nodeAmong(nodes, name).record, around));
}

interface Around {
  alive: ReadonlyMap<string, AliveRecord>;
  reports: ReadonlyMap<string, ReportRecord>;
  endpoints: ReadonlyMap<string, number>;
}

async function readNodes({ store, addresses }: Context): Promise<{ nodes: Stored<NodeRecord>[]; around: Around }> {
  const [nodes, alive, reports, counts] = await Promise.all([
    readAll<NodeRecord>(store, NODES),
    readAll<AliveRecord>(store, ALIVE),
    readAll<ReportRecord>(store, REPORTS),
    addresses.endpointsByNode() ?? countEndpoints(store),
  ]);
  const byNode = <Record>(all: Stored<Record>[], prefix: string) =>
    new Map(all.map(({ key, record }) => [key.slice(prefix.length), record] as const));
  return { nodes, around: { alive: byNode(alive, ALIVE), reports: byNode(reports, REPORTS), endpoints: counts } };
}

async function countEndpoints(store: Store): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const { entries } of store.pages(ENDPOINTS, { keysOnly: true }))
    for (const { key } of entries) {
      const [, node] = partsOf(key, ENDPOINTS);
      counts.set(node, (counts.get(node) ?? 0) + 1);
    }
  return counts;
}

function nodeResource(node: NodeRecord, { alive, reports, endpoints }: Around): NodeResource {
  const report = reports.get(node.id);
  return {
    ID: node.id,
    CreatedAt: node.joinedAt,
    Spec: { Role: node.role, Availability: node.availability, Name: node.name },
    Description: { Hostname: node.name, Engine: { EngineVersion: report?.version ?? "" } },
    Status: { State: stateOf(node, alive.has(node.id)), Addr: node.vtep },
    ...(node.manager === null ? {} : { ManagerStatus: { Addr: node.manager } }),
    Endpoints: endpoints.get(node.id) ?? 0,
    Incarnation: alive.get(node.id)?.incarnation ?? report?.incarnation ?? 0,
  };
}

/** `unknown`: it has no sign of life, and no manager has said yet that it is down (it has just joined, or just ended). */
function stateOf({ deadSince }: NodeRecord, alive: boolean): NodeResource["Status"]["State"] {
  if (alive) return "ready";
  return deadSince === null ? "unknown" : "down";
}
