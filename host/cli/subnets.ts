// The addresses of `weft network create` put together as Docker's command line does it: each gateway, range and auxiliary address goes to the
// subnet that it lies in. Pure. What the cluster thinks of them (overlaps with other networks, routes) is said by a manager.

import { BlockList } from "node:net";
import type { IpamConfig } from "../model/cluster/answers.ts";
import { UsageError } from "../model/errors.ts";
import { type Cidr, parseCidr } from "../model/ip.ts";

export interface SubnetFlags {
  subnet?: string[];
  ipRange?: string[];
  gateway?: string[];
  auxAddress?: [name: string, ip: string][];
}

type Config = Partial<IpamConfig> & { Subnet: string };

/** One entry a subnet, in the order given. Throws UsageError. */
export function ipamConfig({ subnet = [], ipRange = [], gateway = [], auxAddress = [] }: SubnetFlags): Config[] {
  const configs: Config[] = [];
  for (const text of subnet) {
    const other = configs.find(({ Subnet }) => contains(Subnet, text) || contains(text, Subnet));
    if (other !== undefined) throw new UsageError(`--subnet ${text}: overlaps --subnet ${other.Subnet}`);
    configs.push({ Subnet: text });
  }
  for (const range of ipRange) {
    const config = subnetOf(configs, "--ip-range", range);
    if (config.IPRange !== undefined)
      throw new UsageError(`--ip-range ${range}: subnet ${config.Subnet} has a range already, ${config.IPRange}`);
    config.IPRange = range;
  }
  for (const ip of gateway) {
    const config = subnetOf(configs, "--gateway", ip);
    if (config.Gateway !== undefined)
      throw new UsageError(`--gateway ${ip}: subnet ${config.Subnet} has a gateway already, ${config.Gateway}`);
    config.Gateway = ip;
  }
  const names = new Set<string>();
  for (const [name, ip] of auxAddress) {
    if (names.has(name)) throw new UsageError(`--aux-address ${name}=${ip}: the name ${name} is given twice`);
    names.add(name);
    const config = subnetOf(configs, "--aux-address", ip);
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: ip };
  }
  return configs;
}

function subnetOf(configs: readonly Config[], flag: string, text: string): Config {
  const found = configs.find(({ Subnet }) => contains(Subnet, text));
  if (found !== undefined) return found;
  const subnets = configs.map(({ Subnet }) => Subnet);
  throw new UsageError(
    subnets.length === 0
      ? `${flag} ${text}: needs a --subnet that it lies in`
      : `${flag} ${text}: lies in no subnet of this network (${subnets.join(", ")})`,
  );
}

/** True when an address, or a whole subnet, lies in `subnet`. */
export function contains(subnet: string, text: string): boolean {
  const outer = parseCidr(subnet);
  const inner: Cidr = parseCidr(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  if (inner.family !== outer.family || inner.prefixLength < outer.prefixLength) return false;
  const family = outer.family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(outer.ip, outer.prefixLength, family);
  return list.check(inner.ip, family);
}
