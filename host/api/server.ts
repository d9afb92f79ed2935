// Serves the API over HTTP on a unix socket. Main thread. Who may open the socket may read everything; nothing can be changed.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../model/errors.ts";
import type { DataPlaneView } from "../model/view.ts";
import { type Answer, refuse, route } from "./routes.ts";
import { listenAt } from "./socket.ts";

const CONNECTIONS_MAX = 64;
const HEADER_BYTES_MAX = 8192;
const REQUEST_MS_MAX = 10000;
/** Rows written in one piece. */
const ROWS_PER_CHUNK = 256;

export interface ApiServer {
  /** Stops listening, cuts open connections and removes the socket. */
  close(): Promise<void>;
}

/** Serves `view` at the unix socket `path`. Rejects with OperationError when another agent serves it or it cannot be had. */
export async function serveApi(path: string, view: DataPlaneView): Promise<ApiServer> {
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX });
  server.maxConnections = CONNECTIONS_MAX;
  server.on("request", (request, response) => {
    // A client that goes away in the middle is its own business.
    send(response, answer(request, view)).catch(() => response.destroy());
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

function answer(request: IncomingMessage, view: DataPlaneView): Answer {
  const hasBody = request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  if (hasBody) return refuse(413, "requests have no body");
  try {
    return route(request.method ?? "", request.url ?? "", view);
  } catch (error) {
    return refuse(500, messageOf(error));
  }
}

async function send(response: ServerResponse, { status, body }: Answer): Promise<void> {
  // 413 leaves a body unread behind it, so that connection is of no further use.
  const headers = { "content-type": "application/json", ...(status === 413 ? { connection: "close" } : {}) };
  response.writeHead(status, headers);
  if (Array.isArray(body)) await pipeline(Readable.from(listText(body)), response);
  else response.end(`${JSON.stringify(body)}\n`);
}

/** A JSON array in pieces, so that a large table is never one string. */
function* listText(rows: readonly unknown[]): Iterable<string> {
  yield "[";
  for (let at = 0; at < rows.length; at += ROWS_PER_CHUNK) {
    const chunk = rows.slice(at, at + ROWS_PER_CHUNK).map((row) => JSON.stringify(row));
    yield (at === 0 ? "" : ",") + chunk.join(",");
  }
  yield "]\n";
}
