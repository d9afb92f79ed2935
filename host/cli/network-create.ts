// `weft network create`: Docker's flags as the API's input.

import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { planSubnets } from "../ipam/plan.ts";
import { checkedDriver, checkedNetworkName, networkOptions } from "../model/cluster/network-options.ts";
import { DEFAULT_POOLS } from "../model/cluster/start.ts";
import { UsageError } from "../model/errors.ts";
import { unicastIp } from "../model/ip.ts";
import type { Context } from "./context.ts";
import { examples } from "./group.ts";
import { ipamConfig, type SubnetFlags } from "./subnets.ts";
import { asFlags, cidr, keyValue, pair } from "./values.ts";

interface CreateOptions extends SubnetFlags {
  driver: string;
  internal?: boolean;
  attachable?: boolean;
  ipv6?: boolean;
  label?: [string, string][];
  opt?: [string, string][];
}

export function addCreate(group: Command, context: Context): void {
  group
    .command("create")
    .description("Make a network, which is there on every node at once. Prints its id.")
    .argument("<network>", "its name")
    .option("-d, --driver <driver>", "the only one is overlay", "overlay")
    .option("--subnet <cidr>", "subnet; again for several (default: the next free one of the cluster's pools)", asFlags(cidr, true))
    .option("--gateway <ip>", "gateway of the subnet that it lies in (default: the first address)", asFlags(unicastIp, true))
    .option("--ip-range <cidr>", "give out only these addresses of a subnet", asFlags(cidr, true))
    .option("--aux-address <name=ip>", "address of something that weft does not run: never given out", asFlags(auxAddress, true))
    .option("--ipv6", "IPv6 as well")
    .option("--internal", "without a way out of the overlay (no network has one so far)")
    .option("--attachable", "told by inspect; whatever runs on a node may be connected in any case")
    .option("--label <key=value>", "label; again for several", asFlags(keyValue))
    .option("-o, --opt <key=value>", "mtu=BYTES or vni=NUMBER; again for several", asFlags(keyValue))
    .addHelpText(
      "after",
      examples(
        "weft network create blue",
        "weft network create --subnet 10.1.0.0/24 --gateway 10.1.0.254 --ip-range 10.1.0.128/25 blue",
        "weft network create --ipv6 --subnet 10.1.0.0/24 --subnet fd00:1::/64 --aux-address router=10.1.0.5 blue",
        "weft network create --opt vni=5000 --opt mtu=1400 --label app=shop blue",
      ),
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const input = inputOf(name, options);
      judge(input);
      const { Id, Warning } = await context.client(command).do("network.create", input);
      if (Warning !== "") context.complain(`WARNING: ${Warning}`);
      context.print(`${Id}\n`);
    });
}

function inputOf(name: string, options: CreateOptions) {
  return {
    Name: name,
    Driver: options.driver,
    Internal: options.internal ?? false,
    Attachable: options.attachable ?? false,
    EnableIPv6: options.ipv6 ?? false,
    IPAM: { Config: ipamConfig(options) },
    Options: eachOnce("--opt", options.opt ?? []),
    Labels: Object.fromEntries(options.label ?? []),
  };
}

/** Of two the first would be silently lost. Throws UsageError. */
function eachOnce(flag: string, pairs: readonly [string, string][]): Record<string, string> {
  const twice = pairs.find(([key], at) => pairs.findIndex(([other]) => other === key) !== at);
  if (twice) throw new UsageError(`${flag} ${twice.join("=")}: ${twice[0]} is given twice`);
  return Object.fromEntries(pairs);
}

/** All that is wrong whatever there is in the cluster. Throws UsageError. */
function judge({ Name, Driver, EnableIPv6, IPAM, Options }: ReturnType<typeof inputOf>): void {
  checkedNetworkName(Name);
  checkedDriver(Driver);
  networkOptions(Options, EnableIPv6);
  planSubnets(IPAM.Config, { ipv6: EnableIPv6, pools: DEFAULT_POOLS, taken: [], random: randomBytes });
}

function auxAddress(text: string): [string, string] {
  const [name, ip] = pair(text);
  return [name, unicastIp(ip)];
}
