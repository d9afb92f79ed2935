// Runs inside a container: many TCP connections to an echo, each with a small message on its way again and again, for as long as its standard input is
// open. Arguments: ADDRESS PORT CONNECTIONS. Prints `beating` once every one of them had an answer, then at the end one line of JSON: how many
// messages came back, and what broke connections.

import { connect, type Socket } from "node:net";

const PERIOD_MS = 50;
const MESSAGE = "beat";
const [address, port, count] = process.argv.slice(2);
const errors: string[] = [];
const beats: number[] = [];
let stopping = false;
let open = Number(count);

function openOne(index: number): void {
  let pending = 0;
  beats[index] = 0;
  const socket: Socket = connect(Number(port), address, () => socket.write(MESSAGE));
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    pending += chunk.length;
    if (pending < MESSAGE.length) return;
    pending = 0;
    beats[index]++;
    if (beats.every((number) => number > 0) && beats[index] === 1) console.log("beating");
    if (stopping) socket.end();
    else setTimeout(() => socket.write(MESSAGE), PERIOD_MS);
  });
  socket.on("error", (error) => errors.push(error.message));
  socket.on("close", () => {
    if (!stopping) errors.push("closed by the other end");
    if (--open > 0) return;
    console.log(JSON.stringify({ beats, errors }));
    process.exit(0);
  });
}

for (let index = 0; index < Number(count); index++) openOne(index);
process.stdin.resume().on("end", () => {
  stopping = true;
});
