// `weft network …`, with the words, flags and outputs of `docker network …`.

import type { Command } from "commander";
import type { NetworkResource } from "../model/cluster/answers.ts";
import { judgeNetworkFilters, judgePruneFilters } from "../model/cluster/filters.ts";
import { SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import { UsageError } from "../model/errors.ts";
import { type Context, report } from "./context.ts";
import { addGroup, examples } from "./group.ts";
import { inspectOption, printInspected } from "./inspect.ts";
import { type Field, formatLabels, formatList, formatOption, type ListFormat } from "./list.ts";
import { addConnect } from "./network-connect.ts";
import { addCreate } from "./network-create.ts";
import type { Template } from "./template.ts";
import { asFlags, filtersOf, pair } from "./values.ts";

export function addNetwork(program: Command, context: Context): void {
  const group = addGroup(program, "network", "Networks of the cluster.");
  addCreate(group, context);
  addList(group, context);
  addInspect(group, context);
  addRemove(group, context);
  addPrune(group, context);
  addConnect(group, context);
  // Only now: the commands would inherit it.
  group.allowExcessArguments();
}

function fields(noTrunc: boolean): Field<NetworkResource>[] {
  return [
    { name: "ID", title: "NETWORK ID", text: ({ Id }) => (noTrunc ? Id : Id.slice(0, SHORT_ID_CHARACTERS)) },
    { name: "Name", title: "NAME", text: ({ Name }) => Name },
    { name: "Driver", title: "DRIVER", text: ({ Driver }) => Driver },
    { name: "Scope", title: "SCOPE", text: ({ Scope }) => Scope },
    { name: "CreatedAt", text: ({ Created }) => Created },
    { name: "IPv4", text: ({ EnableIPv4 }) => String(EnableIPv4) },
    { name: "IPv6", text: ({ EnableIPv6 }) => String(EnableIPv6) },
    { name: "Internal", text: ({ Internal }) => String(Internal) },
    { name: "Labels", text: ({ Labels }) => formatLabels(Labels) },
  ];
}

interface ListOptions {
  filter?: [string, string][];
  format: ListFormat;
  trunc: boolean;
  quiet?: boolean;
}

function addList(group: Command, context: Context): void {
  group
    .command("ls")
    .alias("list")
    .description("List the networks: all of them, on every node.")
    .option("-f, --filter <key=value>", "only those that match (driver, id, label, name, scope, type, dangling)", asFlags(pair))
    .addOption(formatOption())
    .option("--no-trunc", "whole ids")
    .option("-q, --quiet", "ids only")
    .addHelpText(
      "after",
      examples("weft network ls", "weft network ls -f label=app=shop -q", "weft network ls --format '{{.Name}} {{.ID}}'"),
    )
    .action(async ({ filter, format, trunc, quiet }: ListOptions, command: Command) => {
      const filters = filtersOf(filter);
      judgeNetworkFilters(filters);
      const networks = await context.client(command).do("network.ls", { filters });
      const known = fields(!trunc);
      if (quiet) for (const network of networks) context.print(`${known[0].text(network)}\n`);
      else context.print(formatList(known, networks, format, context.bold));
    });
}

function addInspect(group: Command, context: Context): void {
  group
    .command("inspect")
    .description("What is known of networks: Docker's JSON, with the containers of the whole cluster and the nodes that have any.")
    .argument("<network...>", "names, ids or beginnings of ids")
    .addOption(inspectOption())
    .option("-v, --verbose", "also VNI, MTU, endpoints and resting addresses")
    .addHelpText("after", examples("weft network inspect blue", "weft network inspect -f '{{range .Containers}}{{.Name}} {{end}}' blue"))
    .action(async (names: string[], { format, verbose }: { format?: Template; verbose?: boolean }, command: Command) => {
      printInspected(context, await context.client(command).do("network.inspect", { names, verbose: verbose ?? false }), format);
    });
}

function addRemove(group: Command, context: Context): void {
  group
    .command("rm")
    .alias("remove")
    .description("Remove networks that nothing is connected to.")
    .argument("<network...>", "names, ids or beginnings of ids")
    .option("-f, --force", "no error where there is none; endpoints of nodes that are down go with it")
    .addHelpText("after", examples("weft network rm blue red"))
    .action(async (names: string[], { force }: { force?: boolean }, command: Command) => {
      const { removed, refused } = await context.client(command).do("network.rm", { names, force: force ?? false });
      report(context, removed, refused);
    });
}

function addPrune(group: Command, context: Context): void {
  group
    .command("prune")
    .description("Remove every network that nothing is connected to.")
    .option("--filter <key=value>", "only those that match (until, label, label!)", asFlags(pair))
    .option("-f, --force", "do not ask first")
    .addHelpText("after", examples("weft network prune", "weft network prune --force --filter until=24h"))
    .action(async ({ filter, force }: { filter?: [string, string][]; force?: boolean }, command: Command) => {
      const client = context.client(command);
      const filters = filtersOf(filter);
      judgePruneFilters(filters);
      if (!force && !(await isMeant(context))) return;
      const { NetworksDeleted } = await client.do("network.prune", { filters });
      if (NetworksDeleted.length > 0) context.print(`Deleted Networks:\n${NetworksDeleted.join("\n")}\n\n`);
    });
}

async function isMeant(context: Context): Promise<boolean> {
  const asked = context.around.ask(
    "WARNING! This will remove all networks that nothing is connected to.\nAre you sure you want to continue? [y/N] ",
  );
  if (asked === null) throw new UsageError("weft network prune asks first, and there is no terminal to ask at: give --force");
  return /^y(es)?$/i.test((await asked).trim());
}
