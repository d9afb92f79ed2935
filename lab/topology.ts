// The pieces that overlays are tested on: hosts (network namespaces joined by an underlay) and containers (empty network namespaces, which an
// overlay gives an interface).
//
//   two hosts:   a[eth0] ══ veth ══ [eth0]b          more:   a[eth0] ══ [s0]switch[s1] ══ [eth0]b   (a Linux bridge, every host on it)
//   a routed underlay:  a[eth0] ══ [r0]router[r1] ══ [eth0]b   (its MTU can be lowered on one side: a narrower path than a host can see)
//
// Hosts have both address families, whichever of them carries the overlay, so that a test chooses by asking for one.

import { ipBatch, run } from "./command.ts";
import type { Lab } from "./lab.ts";

export type Family = 4 | 6;

export interface Host {
  lab: Lab;
  name: string;
  netns: string;
  /** Its interface on the underlay. */
  device: string;
  ip4: string;
  ip6: string;
}

export interface Container {
  lab: Lab;
  name: string;
  netns: string;
  mac: string;
  ip4: string;
  ip6: string;
  /** Both addresses with their prefix lengths. */
  cidrs: string[];
}

export interface UnderlayOptions {
  mtu?: number;
  /** false: `ethtool -K eth0 tx off`, so that every outer checksum is finished before it reaches the wire. */
  offloads?: boolean;
}

/** The address of a host in one family. */
export function addressOf(host: Host, family: Family): string {
  return family === 4 ? host.ip4 : host.ip6;
}

/** Hosts on one link: a veth pair for two, a bridge in a namespace of its own for more. */
export async function underlay(lab: Lab, names: readonly string[], options: UnderlayOptions = {}): Promise<Host[]> {
  const mtu = options.mtu ?? 1500;
  const hosts: Host[] = [];
  for (const [index, name] of names.entries()) {
    const netns = await lab.namespace(name);
    hosts.push({ lab, name, netns, device: "eth0", ip4: `10.99.0.${index + 1}`, ip6: `fd99::${index + 1}` });
  }
  if (hosts.length === 2) {
    const [a, b] = hosts;
    await veth({ device: "eth0", netns: a.netns }, { device: "eth0", netns: b.netns }, mtu);
  } else {
    await connectBySwitch(lab, hosts, mtu);
  }
  for (const host of hosts) {
    await configure(host.netns, "eth0", [`${host.ip4}/24`, `${host.ip6}/64`], mtu);
    if (options.offloads === false) await finishChecksums(host);
  }
  return hosts;
}

interface End {
  device: string;
  netns: string;
}

async function veth(one: End, other: End, mtu: number): Promise<void> {
  const end = ({ device, netns }: End) => [device, "mtu", `${mtu}`, "netns", netns];
  await run(["ip", "link", "add", ...end(one), "type", "veth", "peer", "name", ...end(other)]);
}

async function connectBySwitch(lab: Lab, hosts: readonly Host[], mtu: number): Promise<void> {
  const netns = await lab.namespace("switch");
  await ipBatch([`link add br0 mtu ${mtu} type bridge`, "link set br0 up"], netns);
  for (const [index, host] of hosts.entries()) {
    const port = `s${index}`;
    await veth({ device: port, netns: netns }, { device: "eth0", netns: host.netns }, mtu);
    await ipBatch([`link set ${port} master br0 up`], netns);
  }
}

/** Two hosts with a router between them; the third value is the router's namespace (interfaces r0 towards the first host, r1 towards the second). */
export async function routedUnderlay(lab: Lab, mtu = 1500): Promise<[Host, Host, string]> {
  const router = await lab.namespace("router");
  await setSysctl(router, "net.ipv4.ip_forward", "1");
  await setSysctl(router, "net.ipv6.conf.all.forwarding", "1");
  const hosts: Host[] = [];
  for (const [index, name] of ["a", "b"].entries()) {
    const netns = await lab.namespace(name);
    const [net4, net6, port] = [`10.99.${index + 1}`, `fd99:${index + 1}:`, `r${index}`];
    await veth({ device: port, netns: router }, { device: "eth0", netns: netns }, mtu);
    await configure(router, port, [`${net4}.254/24`, `${net6}:fe/64`], mtu);
    await configure(netns, "eth0", [`${net4}.1/24`, `${net6}:1/64`], mtu);
    await ipBatch([`route add default via ${net4}.254`, `route add default via ${net6}:fe`], netns);
    hosts.push({ lab, name, netns, device: "eth0", ip4: `${net4}.1`, ip6: `${net6}:1` });
  }
  return [hosts[0], hosts[1], router];
}

/** Sets a kernel variable of a namespace; dots as sysctl(8) has them. */
export async function setSysctl(netns: string, name: string, value: string): Promise<void> {
  await run(["tee", `/proc/sys/${name.replaceAll(".", "/")}`], { netns, input: value });
}

async function configure(netns: string, device: string, cidrs: readonly string[], mtu: number): Promise<void> {
  const addresses = cidrs.map((cidr) => `address add ${cidr} dev ${device}${cidr.includes(":") ? " nodad" : ""}`);
  await ipBatch([`link set ${device} mtu ${mtu}`, ...addresses, `link set ${device} up`], netns);
}

/** Makes a host finish transport checksums in software. A veth otherwise carries unfinished ones, which decoders and Open vSwitch refuse. */
export async function finishChecksums(host: Host): Promise<void> {
  await run(["ethtool", "-K", host.device, "tx", "off"], { netns: host.netns });
}

/** An empty container: number n is 10.0.0.n, fd00::n, 02:42:0a:00:00:n on whatever overlay it joins. */
export async function container(lab: Lab, name: string, number: number): Promise<Container> {
  const netns = await lab.namespace(name);
  const hex = number.toString(16);
  const [ip4, ip6] = [`10.0.0.${number}`, `fd00::${hex}`];
  return { lab, name, netns, ip4, ip6, mac: `02:42:0a:00:00:${hex.padStart(2, "0")}`, cidrs: [`${ip4}/24`, `${ip6}/64`] };
}
