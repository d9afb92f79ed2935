// Runs inside a container: one TCP connection to an echo, one small message at a time, for as long as its standard input is open. Says how many
// came back and the longest wait for one. Arguments: ADDRESS PORT. Prints `beating`, then at the end one line of JSON.

import { connect } from "node:net";

const PERIOD_MS = 10;
const [address, port] = process.argv.slice(2);
const socket = connect(Number(port), address);
let beats = 0;
let longestMs = 0;
let sentAt = 0;
let stopping = false;

function beat(): void {
  sentAt = performance.now();
  socket.write("beat");
}

let pending = 0;
socket.setNoDelay(true);
socket.on("connect", beat);
socket.on("data", (chunk) => {
  pending += chunk.length;
  if (pending < 4) return;
  pending = 0;
  longestMs = Math.max(longestMs, performance.now() - sentAt);
  if (beats++ === 0) console.log("beating");
  if (stopping) socket.end();
  else setTimeout(beat, PERIOD_MS);
});
socket.on("error", (error) => {
  console.log(JSON.stringify({ beats, longestMs, error: error.message }));
  process.exit(1);
});
socket.on("close", () => {
  console.log(JSON.stringify({ beats, longestMs, error: null }));
  process.exit(0);
});
process.stdin.resume().on("end", () => {
  stopping = true;
});
