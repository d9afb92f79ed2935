// Streams a container's log as lines of JSON (application/x-ndjson), as long as the client stays. Main thread.
//
//   GET /v1/containers/REF/logs?follow=1&tail=N       LogLine, one a line
//
// What goes wrong before the first line is an error like any other; after that, a last line `{ "message": … }` tells it.

import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { LogLine } from "../model/cluster/answers.ts";
import { messageOf, OperationError, UsageError } from "../model/errors.ts";
import { type LogsOptions, NO_CLUSTER, type Operations, statusOf } from "./operations.ts";
import { type Answer, refuse } from "./routes.ts";

const PATH = /^\/v1\/containers\/([^/]+)\/logs$/;
/** More than that is all there is. */
const TAIL_MAX = 1_000_000_000;

export interface LogsRequest {
  reference: string;
  follow: boolean;
  tail: number | null;
}

/** What a request asks for; null when it is not for a log. Throws UsageError. */
export function logsRequest(target: string): LogsRequest | null {
  const { pathname, searchParams } = new URL(target, "http://agent");
  const match = PATH.exec(pathname);
  if (match === null) return null;
  for (const [name, value] of searchParams)
    if (!Object.hasOwn(PARAMETERS, name)) throw new UsageError(`${pathname} has no parameter ${JSON.stringify(name)}`);
    else if (!PARAMETERS[name as keyof typeof PARAMETERS](value)) throw new UsageError(`${name}=${value}: ${EXPECTED}`);
  const tail = searchParams.get("tail") ?? "all";
  return { reference: decoded(match[1]), follow: searchParams.get("follow") === "1", tail: tail === "all" ? null : Number(tail) };
}

const EXPECTED = "expected follow=0 or 1, tail=all or a number of lines";
const PARAMETERS = {
  follow: (value: string) => value === "0" || value === "1",
  tail: (value: string) => value === "all" || (/^\d+$/.test(value) && Number(value) <= TAIL_MAX),
};

/** Sends the log, or answers why it cannot be had. Rejects when the client leaves in the middle. */
export async function streamLogs(
  response: ServerResponse,
  operations: Operations | null,
  { reference, follow, tail }: LogsRequest,
  gone: AbortSignal,
): Promise<Answer | null> {
  let lines: AsyncIterator<LogLine>;
  let first: IteratorResult<LogLine>;
  try {
    if (operations === null) throw new OperationError(NO_CLUSTER);
    const options: LogsOptions = { follow, tail, gone };
    lines = operations.logs(reference, options)[Symbol.asyncIterator]();
    first = await lines.next();
  } catch (error) {
    return refuse(statusOf(error), messageOf(error));
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  await pipeline(Readable.from(text(lines, first)), response);
  return null;
}

async function* text(lines: AsyncIterator<LogLine>, first: IteratorResult<LogLine>): AsyncIterable<string> {
  try {
    for (let next = first; !next.done; next = await lines.next()) yield `${JSON.stringify(next.value)}\n`;
  } catch (error) {
    yield `${JSON.stringify({ message: messageOf(error) })}\n`;
  } finally {
    // Not waited for: it may be in the middle of waiting for a line, and is told by `gone`.
    lines.return?.().catch(() => {});
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new UsageError(`${JSON.stringify(part)} is not the name of a container`);
  }
}
