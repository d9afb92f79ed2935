// Reads the body of a request, of which no more than the bound is ever kept. How long it may take is the server's requestTimeout. Main thread.

import type { IncomingMessage } from "node:http";
import { REQUEST_BYTES_MAX } from "./client.ts";

/** The body as text; null when it is too large: then what remains is not read, and the connection is of no further use. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers["content-length"] ?? 0) > REQUEST_BYTES_MAX) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left by `return`, the loop would destroy the connection before the answer is written.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** True when there is a body to be read. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}
