// Runs inside a container: many flows of numbered datagrams at once, each from a port of its own, in turn. Arguments: ADDRESS PORT FLOWS COUNT BYTES.
// A datagram is a u32 number, then zeros; END says that its flow is over.

import { createSocket } from "node:dgram";
import { setTimeout as delay } from "node:timers/promises";
import { END } from "../../../lab/traffic/programs/pattern.ts";

const BURST = 32;
const GAP_MS = 1;
const ENDS = 5;
const ENDS_GAP_MS = 20;
const [address, port, flows, count, bytes] = process.argv.slice(2);
const sockets = Array.from({ length: Number(flows) }, () => createSocket(address.includes(":") ? "udp6" : "udp4"));

function send(flow: number, number: number): Promise<void> {
  const datagram = Buffer.alloc(Number(bytes));
  datagram.writeUInt32BE(number, 0);
  return new Promise((resolve, reject) => {
    sockets[flow].send(datagram, Number(port), address, (error) => (error ? reject(error) : resolve()));
  });
}

let sent = 0;
for (let number = 0; number < Number(count); number++) {
  for (let flow = 0; flow < sockets.length; flow++) {
    await send(flow, number);
    if (++sent % BURST === 0) await delay(GAP_MS);
  }
}
for (let repeat = 0; repeat < ENDS; repeat++) {
  await delay(ENDS_GAP_MS);
  for (let flow = 0; flow < sockets.length; flow++) await send(flow, END);
}
for (const socket of sockets) socket.close();
console.log(JSON.stringify({ sent }));
