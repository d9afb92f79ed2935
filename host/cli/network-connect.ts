// `weft network connect` and `disconnect`: a container of this host, or any network namespace on it.

import { isAbsolute } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../model/errors.ts";
import type { Context } from "./context.ts";
import { examples } from "./group.ts";
import { asFlag, asFlags, ipv4, ipv6, mac } from "./values.ts";

const NETNS = "netns:";

interface ConnectOptions {
  ip?: string;
  ip6?: string;
  macAddress?: string;
  alias?: string[];
}

export function addConnect(group: Command, context: Context): void {
  group
    .command("connect")
    .description("Give a container of this host, or a network namespace on it, an interface in a network.")
    .argument("<network>", "name, id or beginning of an id")
    .argument("<target>", "container, or netns:PATH (netns:NAME for one of 'ip netns')")
    .option("--ip <ip>", "IPv4 address (default: the next free one)", asFlag(ipv4))
    .option("--ip6 <ip>", "IPv6 address", asFlag(ipv6))
    .option("--mac-address <mac>", "MAC address", asFlag(mac))
    .option("--alias <name>", "another name in this network; again for several", asFlags(String))
    .addHelpText("after", examples("weft network connect blue shop", "weft network connect --ip 10.1.0.7 blue netns:/run/netns/pcA"))
    .action(async (network: string, target: string, { ip, ip6, macAddress, alias }: ConnectOptions, command: Command) => {
      const ips = [ip, ip6].filter((text) => text !== undefined);
      const input = { network, target: targetOf(target), ips, mac: macAddress, aliases: alias ?? [] };
      await context.client(command).do("network.connect", input);
    });
  group
    .command("disconnect")
    .description("Take it away again.")
    .argument("<network>", "name, id or beginning of an id")
    .argument("<target>", "container, or netns:PATH")
    .option("-f, --force", "also where the container or namespace is no more")
    .addHelpText("after", examples("weft network disconnect blue shop"))
    .action(async (network: string, target: string, { force }: { force?: boolean }, command: Command) => {
      await context.client(command).do("network.disconnect", { network, target: targetOf(target), force: force ?? false });
    });
}

/** The agent's working directory is not the caller's. */
function targetOf(target: string): string {
  if (!target.startsWith(NETNS)) return target;
  const path = target.slice(NETNS.length);
  if (path === "" || (path.includes("/") && !isAbsolute(path)))
    throw new UsageError(`${target}: expected netns:NAME or netns:/ABSOLUTE/PATH`);
  return target;
}
