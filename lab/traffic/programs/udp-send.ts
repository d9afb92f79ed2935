// Runs inside a container: sends numbered datagrams, a few dozen at a time so that nobody's queue has to be endless, then some that say the run
// is over. Arguments: ADDRESS PORT COUNT BYTES [BYTES_MAX]: sizes go round from BYTES to BYTES_MAX. Prints one line of JSON.

import { createSocket } from "node:dgram";
import { setTimeout as delay } from "node:timers/promises";
import { END, fill } from "./pattern.ts";

const BURST = 32;
const GAP_MS = 1;
const ENDS = 5;
const [address, port, count, bytes, bytesMax] = process.argv.slice(2);
const [least, most] = [Number(bytes), Number(bytesMax ?? bytes)];
const socket = createSocket(address.includes(":") ? "udp6" : "udp4");

function send(number: number, size: number): Promise<void> {
  const datagram = Buffer.alloc(size);
  fill(datagram, number);
  return new Promise((resolve, reject) => socket.send(datagram, Number(port), address, (error) => (error ? reject(error) : resolve())));
}

for (let number = 0; number < Number(count); number++) {
  await send(number, least + (number % (most - least + 1)));
  if (number % BURST === BURST - 1) await delay(GAP_MS);
}
for (let repeat = 0; repeat < ENDS; repeat++) {
  await delay(20);
  await send(END, 4);
}
socket.close();
console.log(JSON.stringify({ sent: Number(count) }));
