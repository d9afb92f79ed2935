// Runs inside a container: sends a file through one TCP connection and says how much went, its SHA-256 and how long the far end took to
// acknowledge the end. Arguments: ADDRESS PORT FILE. Prints one line of JSON.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { connect } from "node:net";

const CHUNK_BYTES = 1 << 18;
const [address, port, path] = process.argv.slice(2);

const socket = connect(Number(port), address, () => {
  const start = performance.now();
  const hash = createHash("sha256");
  let bytes = 0;
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  file.on("data", (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  file.pipe(socket);
  socket.resume();
  socket.on("close", () => {
    console.log(JSON.stringify({ bytes, sha256: hash.digest("hex"), seconds: (performance.now() - start) / 1000 }));
  });
});
socket.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
