// Runs inside a container: takes one TCP connection, reads it to its end, optionally into a file, and says how much came and its SHA-256.
// Arguments: ADDRESS PORT [FILE]. Prints `listening`, then one line of JSON.

import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:net";

const [address, port, path] = process.argv.slice(2);
const file = path === undefined ? null : openSync(path, "w");

const server = createServer((socket) => {
  server.close();
  const hash = createHash("sha256");
  let bytes = 0;
  socket.on("data", (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
    if (file !== null) writeSync(file, chunk);
  });
  socket.on("error", (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
  socket.on("end", () => {
    if (file !== null) closeSync(file);
    console.log(JSON.stringify({ bytes, sha256: hash.digest("hex") }));
    socket.end();
  });
});
server.listen(Number(port), address, () => console.log("listening"));
