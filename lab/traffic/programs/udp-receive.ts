// Runs inside a container: counts numbered datagrams and checks every byte of them, until a datagram says that it was the last, COUNT have
// come, or nothing came for a while after the first. Arguments: ADDRESS PORT QUIET_MS [COUNT]. Prints `listening`, then one line of JSON.
// A datagram is a u32 number, then bytes that follow from it (see pattern.ts); number 0xffffffff ends,
// and the last of each run is answered with its number.

import { createSocket } from "node:dgram";
import { END, intact, RUN } from "./pattern.ts";

/** Whoever sends has yet to be started, on a machine that may be busy. */
const FIRST_MS = 30_000;
const RECEIVE_BUFFER_BYTES = 32 << 20;
const [address, port, quiet, expected] = process.argv.slice(2);
const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
const seen = new Set<number>();
const count = { received: 0, duplicates: 0, damaged: 0, late: 0 };
let highest = -1;

function finish(): void {
  socket.close();
  clearTimeout(timer);
  console.log(JSON.stringify(count));
}

let timer = setTimeout(finish, Math.max(FIRST_MS, Number(quiet)));
socket.once("message", () => {
  clearTimeout(timer);
  timer = setTimeout(finish, Number(quiet));
});
socket.on("message", (datagram, from) => {
  timer.refresh();
  const number = datagram.length >= 4 ? datagram.readUInt32BE(0) : Number.NaN;
  if (number === END) return finish();
  if (!intact(datagram)) count.damaged++;
  else if (seen.has(number)) count.duplicates++;
  else {
    count.received++;
    seen.add(number);
    if (number < highest) count.late++;
    else highest = number;
  }
  if (number % RUN === RUN - 1) socket.send(datagram.subarray(0, 4), from.port, from.address);
  if (expected !== undefined && count.received + count.duplicates + count.damaged === Number(expected)) finish();
});
socket.bind(Number(port), address, () => console.log("listening"));
