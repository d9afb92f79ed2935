// Runs inside a container: takes many flows of numbered datagrams and says of each source whether it came in order. Ends when FLOWS flows are over, or
// when nothing came for a while after the first. Arguments: ADDRESS PORT FLOWS QUIET_MS. Prints `listening`, then one line of JSON.

import { createSocket } from "node:dgram";
import { END } from "../../../lab/traffic/programs/pattern.ts";

/** Whoever sends has yet to be started, on a machine that may be busy. */
const FIRST_MS = 30_000;
const RECEIVE_BUFFER_BYTES = 32 << 20;
const [address, port, flows, quiet] = process.argv.slice(2);
const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
const next = new Map<string, number>();
const ended = new Set<string>();
const count = { flows: 0, received: 0, late: 0 };

function finish(): void {
  socket.close();
  clearTimeout(timer);
  console.log(JSON.stringify({ ...count, flows: next.size }));
}

let timer = setTimeout(finish, Math.max(FIRST_MS, Number(quiet)));
socket.once("message", () => {
  clearTimeout(timer);
  timer = setTimeout(finish, Number(quiet));
});
socket.on("message", (datagram, from) => {
  timer.refresh();
  const flow = `${from.address} ${from.port}`;
  const number = datagram.readUInt32BE(0);
  if (number === END) {
    ended.add(flow);
    if (ended.size === Number(flows)) finish();
    return;
  }
  count.received++;
  if (number < (next.get(flow) ?? 0)) count.late++;
  else next.set(flow, number + 1);
});
socket.bind(Number(port), address, () => console.log("listening"));
