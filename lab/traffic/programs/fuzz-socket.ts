// Runs in a host: sends mutated VXLAN packets to another host's data port as fast as it can. Arguments: ADDRESS PORT VNI COUNT SEED. Prints one
// line of JSON: how many the kernel took.

import { createSocket } from "node:dgram";
import { vxlan } from "../frames.ts";
import { nextFrame, Random } from "./mutate.ts";

const IN_FLIGHT = 256;
/** A UDP payload that fits a 1500-byte underlay. */
const BYTES_MAX = 1472;
const [address, port, vni, count, seed] = process.argv.slice(2);
const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
const random = new Random(Number(seed));
const header = vxlan(Number(vni), Buffer.alloc(0));
let [sent, failed] = [0, 0];

function burst(size: number): Promise<void> {
  return new Promise((resolve) => {
    let left = size;
    for (let number = 0; number < size; number++) {
      socket.send(nextFrame(random, header, 0, BYTES_MAX), Number(port), address, (error) => {
        if (error) failed++;
        else sent++;
        if (--left === 0) resolve();
      });
    }
  });
}

for (let done = 0; done < Number(count); done += IN_FLIGHT) await burst(Math.min(IN_FLIGHT, Number(count) - done));
socket.close();
console.log(JSON.stringify({ sent, failed }));
