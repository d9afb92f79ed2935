// The gRPC server: etcd's v3 API over a backend, and whatever other services the same port is to have. Who the caller is and what it may do is
// decided by `backendFor`, once for each call. Main thread.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server as TcpServer } from "node:net";
import { Server, type ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { messageOf, OperationError } from "../model/errors.ts";
import { Cluster, KV, Lease, Maintenance, Watch } from "./generated/rpc_pb.js";
import { methodsOf } from "./grpc.ts";
import type { Guests } from "./serve/guests.ts";
import { type BackendFor, Handlers } from "./serve/handlers.ts";
import { countRequests } from "./serve/requests.ts";

export interface ServeOptions {
  host: string;
  /** 0 = one that is free. */
  port: number;
  credentials: ServerCredentials;
  /** Throws GrpcFailure when the caller is refused. */
  backendFor: BackendFor;
  /** Told of each connection. */
  guests?: Guests;
  services?: { definition: ServiceDefinition; implementation: UntypedServiceImplementation }[];
}

export interface Served {
  port: number;
  /** No new calls; watches end ("server stopped"); calls that run have a moment left, then connections are cut. */
  close(): Promise<void>;
}

/** What is larger is refused before it is read; what is larger than a request may be (1.5 MiB), in etcd's words once it has been. */
const RECEIVE_BYTES_MAX = 4 * 1024 ** 2;
/** A range that is larger has to be read in pages. */
const SEND_BYTES_MAX = 64 * 1024 ** 2;
const STREAMS_PER_CONNECTION_MAX = 4_096;
/** Connections that the kernel has accepted for us. */
const BACKLOG = 4_096;
/** A peer that is gone without a word is found out in the sum of these. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const CLOSE_MS = 2_000;

const OPTIONS = {
  "grpc.max_receive_message_length": RECEIVE_BYTES_MAX,
  "grpc.max_send_message_length": SEND_BYTES_MAX,
  "grpc.max_concurrent_streams": STREAMS_PER_CONNECTION_MAX,
  "grpc.keepalive_time_ms": KEEPALIVE_MS,
  "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
  "grpc.enable_channelz": 0,
};

/** Rejects with OperationError when it cannot listen. */
export async function serveBackend({ host, port, credentials, backendFor, guests, services = [] }: ServeOptions): Promise<Served> {
  const server = new Server({ ...OPTIONS, interceptors: guests ? [countRequests(guests)] : [] });
  const handlers = new Handlers(backendFor);
  server.addService(methodsOf(KV), handlers.kv());
  server.addService(methodsOf(Watch), handlers.watch());
  server.addService(methodsOf(Lease), handlers.lease());
  server.addService(methodsOf(Maintenance), handlers.maintenance());
  server.addService(methodsOf(Cluster), handlers.cluster());
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const tcp = await listen(host, port);
  const { injectConnection } = server.createConnectionInjector(credentials);
  tcp.on("connection", (socket) => {
    // What goes wrong with it is its TLS's or HTTP's to tell.
    socket.on("error", () => {});
    guests?.enter(socket);
    injectConnection(socket);
  });
  return { port: (tcp.address() as AddressInfo).port, close: () => close(tcp, server, handlers) };
}

/** grpc-js says of an address that it cannot have only that, and prints it as well: so it is listened at here, and the system says why. */
async function listen(host: string, port: number): Promise<TcpServer> {
  const tcp = createServer();
  try {
    tcp.listen({ host, port, backlog: BACKLOG });
    await once(tcp, "listening");
  } catch (error) {
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    throw new OperationError(`cannot listen on ${address}: ${messageOf(error)}`, { cause: error });
  }
  // An error of a later accept (EMFILE) must not end the agent.
  tcp.on("error", () => {});
  return tcp;
}

function close(tcp: TcpServer, server: Server, handlers: Handlers): Promise<void> {
  handlers.stop();
  tcp.close();
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, CLOSE_MS);
    server.tryShutdown(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
