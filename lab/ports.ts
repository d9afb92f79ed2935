// Free TCP ports on loopback, for servers that must be told theirs before they start.

import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** As many different ports as asked for, free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  try {
    for (let n = 0; n < count; n++) {
      const server = createServer().listen(0, "127.0.0.1");
      servers.push(server);
      await once(server, "listening");
    }
    return servers.map((server) => (server.address() as { port: number }).port);
  } finally {
    for (const server of servers) server.close();
  }
}
