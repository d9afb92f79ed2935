// Runs inside a container: sends back what comes on a TCP connection. Arguments: ADDRESS PORT. Prints `listening`.

import { createServer } from "node:net";

const [address, port] = process.argv.slice(2);
createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
}).listen(Number(port), address, () => console.log("listening"));
