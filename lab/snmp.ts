// The kernel's protocol counters of a namespace (/proc/net/snmp and snmp6), for what only the kernel can know: checksums that did not match,
// datagrams for which a socket had no room.

import { run } from "./command.ts";

export type KernelCounters = Record<string, number>;

/** All counters, named as nstat has them: UdpInCsumErrors, TcpInCsumErrors, Udp6RcvbufErrors. */
export async function kernelCounters(netns: string): Promise<KernelCounters> {
  const counters: KernelCounters = {};
  const lines = (await run(["cat", "/proc/net/snmp"], { netns })).trim().split("\n");
  for (let line = 0; line + 1 < lines.length; line += 2) {
    const [prefix, names] = lines[line].split(": ");
    const values = lines[line + 1].split(": ")[1].split(" ");
    for (const [index, name] of names.split(" ").entries()) counters[prefix + name] = Number(values[index]);
  }
  for (const row of (await run(["cat", "/proc/net/snmp6"], { netns })).trim().split("\n")) {
    const [name, value] = row.split(/\s+/);
    counters[name] = Number(value);
  }
  return counters;
}

/** The transport checksums that this namespace's stack found wrong. */
export async function checksumErrors(netns: string): Promise<number> {
  const counters = await kernelCounters(netns);
  const names = ["TcpInCsumErrors", "UdpInCsumErrors", "IcmpInCsumErrors", "Udp6InCsumErrors", "Icmp6InCsumErrors"];
  return names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
}
