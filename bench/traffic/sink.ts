// Runs inside a container: a UDP socket that takes nothing. Argument: ADDRESS. Prints its port; then, for each line of standard input, a line of
// JSON with the datagrams that have reached this namespace's sockets so far, and those of them whose checksum was wrong.
//
// The socket has a filter that refuses everything (as weft's own sending sockets have), so the kernel verifies each datagram's checksum, counts it
// (Udp: InErrors) and frees it: no program has to be woken, and none loses what the overlay has delivered.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { localPort, openSender } from "../../host/sys/udp.ts";

export interface Arrived {
  arrived: number;
  damaged: number;
}

function count(): Arrived {
  const [names, values] = readFileSync("/proc/self/net/snmp", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("Udp: "))
    .map((line) => line.split(" "));
  const counter = (name: string) => Number(values[names.indexOf(name)]);
  const damaged = counter("InCsumErrors");
  return { arrived: counter("InErrors") - damaged, damaged };
}

console.log(`port ${localPort(openSender({ address: process.argv[2] }))}`);
for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(count()));
