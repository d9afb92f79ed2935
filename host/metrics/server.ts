// Serves /metrics over HTTP, and at / a page that says where it is. Main thread. Whoever may reach the address may read: there is
// nothing secret in it, and the default address is the loopback's.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, OperationError } from "../model/errors.ts";
import { VERSION } from "../model/version.ts";
import type { DataPlaneView, PoolFiguresView, ProbesView } from "../model/view.ts";
import type { Exposition } from "./exposition.ts";

/** Scrapers and a few curious people. */
const CONNECTIONS_MAX = 64;
const HEADER_BYTES_MAX = 8192;
const REQUEST_MS_MAX = 5000;
const CHECK_MS = 1000;
/** How long a connection can be silent, one that does not read its answer too: it keeps others out. */
const SILENCE_MS_MAX = 10_000;

export interface MetricsServer {
  /** The port it listens on. */
  port: number;
  /** Stops listening and cuts open connections. */
  close(): Promise<void>;
}

/** Listens at `host:port`; `probes`: null without a cluster; `pools`: null on a host that is no manager. Rejects with OperationError when the address cannot be had. */
export async function serveMetrics(
  at: { host: string; port: number },
  view: DataPlaneView,
  probes: ProbesView | null = null,
  pools: PoolFiguresView | null = null,
): Promise<MetricsServer> {
  let loading: Promise<Exposition> | undefined;
  // Its library is large: it is loaded for the first scrape, not while the start keeps containers waiting.
  const load = () => {
    if (loading === undefined) {
      loading = import("./exposition.ts").then(({ exposition }) => exposition(view, probes, pools));
      // A host that had no memory or descriptors left for a moment: the next scrape tries again.
      loading.catch(() => (loading = undefined));
    }
    return loading;
  };
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: CHECK_MS,
  });
  server.timeout = SILENCE_MS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.on("request", (request, response) => {
    answer(request, response, view, load).catch((error) => send(response, 500, "text/plain", `${messageOf(error)}\n`));
  });
  await listen(server, at);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  view: DataPlaneView,
  load: () => Promise<Exposition>,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0];
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    send(response, 405, "text/plain", "only GET and HEAD are answered here\n");
  } else if (path === "/metrics") {
    const metrics = await load();
    send(response, 200, metrics.contentType, await metrics.text());
  } else if (path === "/") send(response, 200, "text/html; charset=utf-8", indexPage(view.node().name));
  else send(response, 404, "text/plain", "not found: the metrics are at /metrics\n");
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { "content-type": contentType, "content-length": body.length });
  response.end(body);
}

function indexPage(node: string): string {
  const escaped = node.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>weft ${escaped}</title></head>
<body><h1>weft ${VERSION} on ${escaped}</h1><p><a href="/metrics">Metrics</a></p></body>
</html>
`;
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays: an error of a later accept (EMFILE) must not end the agent; the scraper sees it as a failed scrape.
    server.on("error", (cause: NodeJS.ErrnoException) => {
      const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      const why = cause.code === "EADDRINUSE" ? "the address is in use" : messageOf(cause);
      reject(new OperationError(`metrics: cannot listen at ${address}: ${why}; set metrics to another address or to off`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}
