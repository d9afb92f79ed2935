// Serves the API over HTTP on a unix socket. Main thread. Only root and the agent's own user are listened to, whatever the socket's mode has become; what a
// request may hold, and how long it may take to come, is bounded before it is looked at.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../model/errors.ts";
import { LazyJson } from "../model/lazy-json.ts";
import { jsonPieces } from "../model/pieces.ts";
import type { DataPlaneView } from "../model/view.ts";
import { peerCredentials } from "../sys/peer-credentials.ts";
import { hasBody, readBody } from "./body.ts";
import { FAILURE_TRAILER, REQUEST_BYTES_MAX } from "./client.ts";
import { logsRequest, streamLogs } from "./logs.ts";
import { type Operations, operationOf, perform, statusOf } from "./operations.ts";
import { type Answer, refuse, route } from "./routes.ts";
import { listenAt } from "./socket.ts";
import { turns } from "./turns.ts";

/** Each follower of a log and each waiter holds one. */
const CONNECTIONS_MAX = 512;
const HEADER_BYTES_MAX = 8192;
/** Header and body, together. */
const REQUEST_MS_MAX = 5000;
const CHECK_MS = 1000;
/** How long somebody who may not ask can keep a connection. */
const STRANGER_MS_MAX = 1000;

export interface ApiServer {
  /** Stops listening, cuts open connections and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves `view` and `operations` (null = this agent is in no cluster) at the unix socket `path`. Rejects with OperationError when another agent
 * serves it or it cannot be had.
 */
export async function serveApi(path: string, view: DataPlaneView, operations: Operations | null = null): Promise<ApiServer> {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: CHECK_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const turn = turns();
  const strangers = new WeakMap<Socket, number>();
  server.prependListener("connection", (socket: Socket) => {
    const uid = strangerOf(socket);
    if (uid === null) return;
    strangers.set(socket, uid);
    const timer = setTimeout(() => socket.destroy(), STRANGER_MS_MAX);
    socket.on("close", () => clearTimeout(timer));
  });
  server.on("request", (request, response) => {
    const uid = strangers.get(request.socket);
    const why = `user ${uid} may not ask this agent: only root and user ${process.geteuid?.()} may`;
    const sent = uid === undefined ? answer(request, response, view, operations, turn) : send(response, refuse(403, why));
    // A client that goes away in the middle is its own business.
    sent.catch(() => response.destroy());
  });
  await listenAt(server, path);
  // An error of a later accept (EMFILE) must not end the agent.
  server.on("error", () => {});
  return {
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The user at the other end when it is neither root nor the agent's own; -1 when the kernel does not tell. */
function strangerOf(socket: Socket): number | null {
  // Node has no other name for the descriptor of a connection.
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  try {
    const { uid } = peerCredentials(fd);
    return uid === 0 || uid === process.geteuid?.() ? null : uid;
  } catch {
    return -1;
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  view: DataPlaneView,
  operations: Operations | null,
  turn: () => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  response.on("close", () => controller.abort());
  try {
    const { method = "", url = "" } = request;
    const name = operationOf(url);
    if (name !== null && method !== "POST") return await send(response, refuse(405, `${url} can only be asked (POST)`));
    if (name !== null) {
      const body = await readBody(request);
      if (body === null) return await send(response, refuse(413, `${name}: the request has more than ${REQUEST_BYTES_MAX} bytes`));
      await turn();
      return await send(response, await perform(operations, name, body, controller.signal));
    }
    if (hasBody(request)) return await send(response, refuse(413, `${method} ${url}: such requests have no body`));
    const logs = method === "GET" ? logsRequest(url) : null;
    if (logs === null) return await send(response, route(method, url, view));
    const refused = await streamLogs(response, operations, logs, controller.signal);
    if (refused !== null) await send(response, refused);
  } catch (error) {
    if (response.headersSent) throw error;
    await send(response, refuse(statusOf(error), messageOf(error)));
  }
}

async function send(response: ServerResponse, { status, body }: Answer): Promise<void> {
  if (body instanceof LazyJson) return sendLazily(response, body.pieces());
  // 413 leaves a body unread behind it, and 403 is for a stranger: that connection is of no further use.
  const last = status === 413 || status === 403 ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": "application/json", ...last });
  await pipeline(Readable.from(lineOf(body)), response);
}

/** As it is made. What goes wrong in the middle is told behind it; with the first piece, as for any other answer. */
async function sendLazily(response: ServerResponse, pieces: AsyncGenerator<string, void>): Promise<void> {
  let next = await pieces.next();
  response.writeHead(200, { "content-type": "application/json", trailer: FAILURE_TRAILER });
  const texts = async function* () {
    try {
      for (; !next.done; next = await pieces.next()) yield next.value;
      yield "\n";
    } catch (error) {
      response.addTrailers({ [FAILURE_TRAILER]: encodeURIComponent(messageOf(error)) });
    } finally {
      await pieces.return();
    }
  };
  await pipeline(texts, response);
}

/** In pieces: a large answer is never one string. */
function* lineOf(body: unknown): Iterable<string> {
  yield* jsonPieces(body);
  yield "\n";
}
