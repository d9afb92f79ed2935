// Servers to try the client on: the embedded store behind TLS or operations, ports where nobody listens, and one that listens and says nothing.

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { ServerCredentials } from "@grpc/grpc-js";
import type { ConnectionOptions } from "../../../../host/store/client/connection.ts";
import type { Identity } from "../../../../host/store/client/identity.ts";
import { MANAGER } from "../../../../host/store/client/identity.ts";
import { type ServeOptions, serveBackend } from "../../../../host/store/serve.ts";
import { freePorts } from "../../../../lab/ports.ts";
import type { EmbeddedServer } from "../embedded-subject.ts";

/** HOST:PORT where nobody listens. */
export async function deadEndpoint(): Promise<string> {
  return `127.0.0.1:${(await freePorts(1))[0]}`;
}

export interface Listener {
  endpoint: string;
  /** Connections that are open. */
  open(): number;
  stop(): Promise<void>;
}

/** Accepts and never says a word, like a process that was stopped. */
export async function silentServer(): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `127.0.0.1:${(server.address() as { port: number }).port}`,
    open: () => sockets.size,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Another way into a running store. */
export async function serve(
  store: EmbeddedServer,
  credentials: ServerCredentials,
  options: Partial<ServeOptions> = {},
): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const served = await serveBackend({ host: "127.0.0.1", port: 0, credentials, backendFor: () => store.backend, ...options });
  return { endpoint: `127.0.0.1:${served.port}`, stop: () => served.close() };
}

/** Without TLS, quick to give up, and always the first endpoint first. */
export function connectionOptions(endpoints: readonly string[], identity: Identity = MANAGER): ConnectionOptions {
  return { endpoints: () => endpoints, tls: null, identity, who: "manager", deadlineMs: 2000, keepaliveMs: 3000, random: () => 0 };
}
