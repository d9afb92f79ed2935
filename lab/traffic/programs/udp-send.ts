// Runs inside a container: sends numbered datagrams, one run after the other as the receiver answers, so that nobody's queue has to be endless,
// then some that say it is over. Arguments: ADDRESS PORT COUNT BYTES [BYTES_MAX]: sizes go round from BYTES to BYTES_MAX. Prints one line of JSON.

import { createSocket } from "node:dgram";
import { setTimeout as delay } from "node:timers/promises";
import { END, fill, RUN } from "./pattern.ts";

/** An answer may be lost as well: then the next run starts without it. */
const PATIENCE_MS = 250;
const ENDS = 5;
const [address, port, count, bytes, bytesMax] = process.argv.slice(2);
const [least, most] = [Number(bytes), Number(bytesMax ?? bytes)];
const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
let answered = -1;
let wake = () => {};
socket.on("message", (answer) => {
  answered = answer.readUInt32BE(0);
  wake();
});

function send(number: number, size: number): Promise<void> {
  const datagram = Buffer.alloc(size);
  fill(datagram, number);
  return new Promise((resolve, reject) => socket.send(datagram, Number(port), address, (error) => (error ? reject(error) : resolve())));
}

async function answerTo(number: number): Promise<void> {
  if (answered >= number) return;
  const late = new AbortController();
  const answer = new Promise<void>((resolve) => {
    wake = () => answered >= number && resolve();
  });
  await Promise.race([answer, delay(PATIENCE_MS, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
}

for (let number = 0; number < Number(count); number++) {
  await send(number, least + (number % (most - least + 1)));
  if (number % RUN === RUN - 1) await answerTo(number);
}
for (let repeat = 0; repeat < ENDS; repeat++) {
  await delay(20);
  await send(END, 4);
}
socket.close();
console.log(JSON.stringify({ sent: Number(count) }));
