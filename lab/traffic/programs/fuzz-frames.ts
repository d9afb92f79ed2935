// Runs in a container, beside a socat that puts each datagram it gets on eth0 as a frame: sends mutated frames until the interface has taken
// COUNT of them (a datagram may be lost on its way to socat). Arguments: PORT COUNT SEED. Prints one line of JSON: what it generated.

import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { nextFrame, Random } from "./mutate.ts";

const IN_FLIGHT = 128;
/** Ethernet header, and MTU 1450 behind it: what AF_PACKET takes. */
const BYTES_MIN = 14;
const BYTES_MAX = 1464;
const NO_PREFIX = Buffer.alloc(0);
const ROUNDS_MAX = 1_000_000;
const [port, count, seed] = process.argv.slice(2);
const socket = createSocket("udp4");
const random = new Random(Number(seed));
let generated = 0;

function taken(): number {
  const read = (name: string) => Number(readFileSync(`/sys/class/net/eth0/statistics/${name}`, "utf8"));
  return read("tx_packets") + read("tx_dropped");
}

function burst(): Promise<void> {
  return new Promise((resolve) => {
    let left = IN_FLIGHT;
    for (let number = 0; number < IN_FLIGHT; number++) {
      generated++;
      socket.send(nextFrame(random, NO_PREFIX, BYTES_MIN, BYTES_MAX), Number(port), "127.0.0.1", () => {
        if (--left === 0) resolve();
      });
    }
  });
}

const target = taken() + Number(count);
for (let round = 0; round < ROUNDS_MAX && taken() < target; round++) await burst();
socket.close();
console.log(JSON.stringify({ generated }));
