// What the kernel counts of UDP in this network namespace (/proc/net/snmp, /proc/net/snmp6). Any thread.

import { readFileSync } from "node:fs";

/** UdpInCsumErrors + Udp6InCsumErrors: datagrams dropped for a wrong checksum, since the namespace began; 0 where /proc does not tell. */
export function udpChecksumErrors(snmp = "/proc/thread-self/net/snmp", snmp6 = "/proc/thread-self/net/snmp6"): number {
  return ipv4(text(snmp)) + ipv6(text(snmp6));
}

function text(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** A line of names, then a line of values: both begin with "Udp:". */
function ipv4(snmp: string): number {
  const [names, values] = snmp.split("\n").filter((line) => line.startsWith("Udp: "));
  const column = names?.split(" ").indexOf("InCsumErrors") ?? -1;
  return column < 0 ? 0 : Number(values?.split(" ")[column] ?? 0);
}

function ipv6(snmp6: string): number {
  return Number(/^Udp6InCsumErrors\s+(\d+)$/m.exec(snmp6)?.[1] ?? 0);
}
