// `weft node …`, in the manner of `docker node …`; `ls` has the probes' columns besides, as this host sees the others.

import { type Command, Option } from "commander";
import type { ApiClient } from "../api/client.ts";
import type { NodeResource, PeerResource } from "../model/cluster/answers.ts";
import { judgeNodeFilters } from "../model/cluster/filters.ts";
import { type Context, forEachName, report } from "./context.ts";
import { addGroup, examples } from "./group.ts";
import { inspectOption, printInspected } from "./inspect.ts";
import { type Field, formatList, formatOption, type ListFormat } from "./list.ts";
import type { Template } from "./template.ts";
import { asFlags, filtersOf, pair } from "./values.ts";

export function addNode(program: Command, context: Context): void {
  const group = addGroup(program, "node", "Nodes of the cluster.");
  addList(group, context);
  addInspect(group, context);
  addRemove(group, context);
  addAvailability(group, context);
  // Only now: the commands would inherit it.
  group.allowExcessArguments();
}

interface NodeRow {
  node: NodeResource;
  self: boolean;
  /** What this host's probes know of it; none of itself. */
  peer: PeerResource | undefined;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const FIELDS: Field<NodeRow>[] = [
  { name: "ID", title: "ID", text: ({ node, self }) => `${node.ID}${self ? " *" : ""}`, value: ({ node }) => node.ID },
  { name: "Hostname", title: "HOSTNAME", text: ({ node }) => node.Description.Hostname },
  { name: "Status", title: "STATUS", text: ({ node }) => capital(node.Status.State) },
  { name: "Availability", title: "AVAILABILITY", text: ({ node }) => capital(node.Spec.Availability) },
  {
    name: "ManagerStatus",
    title: "MANAGER STATUS",
    text: ({ node }) => (node.ManagerStatus === undefined ? "" : node.Status.State === "down" ? "Unreachable" : "Reachable"),
  },
  { name: "Addr", title: "VTEP", text: ({ node }) => node.Status.Addr },
  { name: "Path", title: "PATH", text: ({ peer }) => pathOf(peer), value: ({ peer }) => peer?.state ?? null },
  { name: "RTT", title: "RTT", text: ({ peer }) => rttOf(peer?.rttSeconds), value: ({ peer }) => peer?.rttSeconds ?? null },
  {
    name: "Loss",
    title: "LOSS",
    text: ({ peer }) => (typeof peer?.loss === "number" ? `${Math.round(peer.loss * 100)}%` : ""),
    value: ({ peer }) => peer?.loss ?? null,
  },
  {
    name: "PathMTU",
    title: "PATH MTU",
    text: ({ peer }) => (typeof peer?.pathMtu === "number" ? String(peer.pathMtu) : ""),
    value: ({ peer }) => peer?.pathMtu ?? null,
  },
  { name: "EngineVersion", title: "VERSION", text: ({ node }) => node.Description.Engine.EngineVersion },
  { name: "Endpoints", text: ({ node }) => String(node.Endpoints), value: ({ node }) => node.Endpoints },
  { name: "Self", text: ({ self }) => String(self), value: ({ self }) => self },
];

/** E.g. "suspect (path)": only the way from this host is broken. */
function pathOf(peer: PeerResource | undefined): string {
  if (peer === undefined) return "";
  return peer.cause === null ? peer.state : `${peer.state} (${peer.cause})`;
}

function rttOf(seconds: number | null | undefined): string {
  return typeof seconds === "number" ? `${(seconds * 1000).toFixed(2)} ms` : "";
}

interface ListOptions {
  filter?: [string, string][];
  format: ListFormat;
  quiet?: boolean;
}

function addList(group: Command, context: Context): void {
  group
    .command("ls")
    .alias("list")
    .description(
      "List the nodes, with the state of the path to each as this host's probes see it; LOSS is of the last 64. * is this host. Columns: docs/first-steps.md.",
    )
    .option("-f, --filter <key=value>", "only those that match (id, name, role)", asFlags(pair))
    .addOption(formatOption())
    .option("-q, --quiet", "ids only")
    .addHelpText("after", examples("weft node ls", "weft node ls -f role=manager -q", "weft node ls --format '{{.Hostname}} {{.RTT}}'"))
    .action(async ({ filter, format, quiet }: ListOptions, command: Command) => {
      const client = context.client(command);
      const filters = filtersOf(filter);
      judgeNodeFilters(filters);
      const nodes = await client.do("node.ls", { filters });
      if (quiet) for (const { ID } of nodes) context.print(`${ID}\n`);
      else context.print(formatList(FIELDS, await rowsOf(nodes, client), format, context.bold));
    });
}

async function rowsOf(nodes: readonly NodeResource[], client: ApiClient): Promise<NodeRow[]> {
  const [peers, { name }] = await Promise.all([client.do("peer.ls", {}), client.info()]);
  const byNode = new Map(peers.map((peer) => [peer.node, peer]));
  return nodes.map((node) => ({ node, self: node.Spec.Name === name, peer: byNode.get(node.ID) }));
}

function addInspect(group: Command, context: Context): void {
  group
    .command("inspect")
    .description("What is known of nodes, as JSON.")
    .argument("<node...>", "names, ids, beginnings of ids, or self")
    .addOption(inspectOption())
    .addHelpText("after", examples("weft node inspect self", "weft node inspect -f '{{.Status.State}}' b"))
    .action(async (names: string[], { format }: { format?: Template }, command: Command) => {
      const client = context.client(command);
      printInspected(context, await client.do("node.inspect", { names: await named(names, client) }), format);
    });
}

/** `self` is this host's node. */
async function named(names: readonly string[], client: ApiClient): Promise<string[]> {
  if (!names.includes("self")) return [...names];
  const { name } = await client.info();
  return names.map((text) => (text === "self" ? name : text));
}

function addRemove(group: Command, context: Context): void {
  group
    .command("rm")
    .alias("remove")
    .description("Remove nodes that are down: their certificates are good no more, and their endpoints' addresses are freed.")
    .argument("<node...>", "names, ids or beginnings of ids")
    .option("-f, --force", "also a node that is not down")
    .addHelpText("after", examples("weft node rm b"))
    .action(async (names: string[], { force }: { force?: boolean }, command: Command) => {
      const { removed, refused } = await context.client(command).do("node.rm", { names, force: force ?? false });
      report(context, removed, refused);
    });
}

function addAvailability(group: Command, context: Context): void {
  const set = (names: readonly string[], active: boolean, command: Command) => {
    const client = context.client(command);
    return forEachName(context, names, async (given) => {
      const [name] = await named([given], client);
      await client.do("node.drain", { name, active });
      context.print(`${given}\n`);
    });
  };
  group
    .command("drain")
    .description("Put nothing new on nodes. What runs there runs on.")
    .argument("<node...>", "names, ids, beginnings of ids, or self")
    .option("--undo", "make them available again")
    .addHelpText("after", examples("weft node drain b", "weft node drain --undo b"))
    .action((names: string[], { undo }: { undo?: boolean }, command: Command) => set(names, undo ?? false, command));
  group
    .command("update")
    .description("The same in Docker's words.")
    .argument("<node>", "name, id, beginning of an id, or self")
    .addOption(new Option("--availability <state>", "whether anything new is put there").choices(["active", "drain"]).makeOptionMandatory())
    .addHelpText("after", examples("weft node update --availability drain b"))
    .action((name: string, { availability }: { availability: string }, command: Command) =>
      set([name], availability === "active", command),
    );
}
