// The client of the agent's API, for the command line. HTTP over the agent's unix socket; what goes wrong comes out as one
// line that says which agent was asked and what to do. It loads nothing of the agent.

import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { isAbsolute } from "node:path";
import { createInterface } from "node:readline";
import type { Answer, LogLine } from "../model/cluster/answers.ts";
import type { Asked, Operation } from "../model/cluster/operations.ts";
import { DEFAULT_SOCKET } from "../model/cluster/start.ts";
import { messageOf, OperationError, StartError, UsageError } from "../model/errors.ts";
import type { FdbRow, NeighborRow, NetworkView, NodeView, VtepRow } from "../model/view.ts";

export const DEFAULT_HOST = `unix://${DEFAULT_SOCKET}`;
/** What a request may carry. */
export const REQUEST_BYTES_MAX = 1048576;
/** Longest silence of the agent when it is asked for what it knows. */
const SILENCE_MS_MAX = 10000;
/** The same when it has something to do: longer than it waits for managers. */
const OPERATION_MS_MAX = 60000;
/** Operations that take as long as they take: nobody knows better than who waits. */
const UNBOUNDED: ReadonlySet<Operation> = new Set([
  "container.run",
  "container.wait",
  "container.rm",
  "cluster.leave",
  "cluster.backup",
] as const);
/** Some two million rows. */
const ANSWER_BYTES_MAX = 268435456;

/** Behind an answer that was cut short: why, percent-encoded. */
export const FAILURE_TRAILER = "weft-failure";

/** What /v1/info answers. */
export interface InfoView extends NodeView {
  version: string;
}

/** Which part of a log is asked for. */
export interface LogsAsked {
  follow: boolean;
  /** null = all. */
  tail: number | null;
}

/** Nobody could be asked: what else was to be asked of the same agent cannot be either. */
export class NoAgentError extends OperationError {}

/** The path in `unix://PATH`. Throws UsageError. */
export function socketPathOf(host: string): string {
  const path = host.startsWith("unix://") ? host.slice("unix://".length) : "";
  if (!isAbsolute(path))
    throw new UsageError(`${JSON.stringify(host)} is not an address of an agent (expected unix://PATH, e.g. ${DEFAULT_HOST})`);
  return path;
}

/** Asks one agent. Methods reject with OperationError, and do() with UsageError when it was asked wrongly; `network` leaves out the rows of others. */
export class ApiClient {
  readonly #host: string;
  readonly #socketPath: string;

  /** `host` is `unix://PATH`. Throws UsageError. */
  constructor(host: string) {
    this.#host = host;
    this.#socketPath = socketPathOf(host);
  }

  info(): Promise<InfoView> {
    return this.#get("/v1/info");
  }

  networks(network?: string): Promise<NetworkView[]> {
    return this.#get("/v1/networks", network);
  }

  fdb(network?: string): Promise<FdbRow[]> {
    return this.#get("/v1/fdb", network);
  }

  neighbors(network?: string): Promise<NeighborRow[]> {
    return this.#get("/v1/neighbors", network);
  }

  vteps(network?: string): Promise<VtepRow[]> {
    return this.#get("/v1/vteps", network);
  }

  /** Asks for an operation. Aborting `signal` ends the wait, and not what was begun. */
  async do<Name extends Operation>(name: Name, input: Asked<Name>, signal?: AbortSignal): Promise<Answer<Name>> {
    const body = JSON.stringify(input);
    if (Buffer.byteLength(body) > REQUEST_BYTES_MAX)
      throw new UsageError(`${name}: more than ${REQUEST_BYTES_MAX} bytes cannot be asked at once`);
    const timeout = UNBOUNDED.has(name) ? 0 : OPERATION_MS_MAX;
    return this.#answer(await this.#exchange(`/v1/${name}`, { method: "POST", timeout, signal }, body));
  }

  /** A container's log; with `follow` until the container ends. */
  async *logs(reference: string, { follow, tail }: LogsAsked, signal?: AbortSignal): AsyncGenerator<LogLine, void> {
    const query = new URLSearchParams({ follow: follow ? "1" : "0", tail: tail === null ? "all" : String(tail) });
    const response = await this.#open(`/v1/containers/${encodeURIComponent(reference)}/logs?${query}`, { timeout: 0, signal });
    if (response.statusCode !== 200) this.#answer({ status: response.statusCode ?? 0, text: await read(response, this.#host) });
    try {
      for await (const text of createInterface({ input: response })) {
        const line = JSON.parse(text) as LogLine | { message: string };
        if ("message" in line) throw new OperationError(line.message);
        yield line;
      }
      // readline may end without an error where the agent did.
      if (!response.complete) throw new Error("incomplete");
    } catch (cause) {
      if (cause instanceof OperationError) throw cause;
      throw new OperationError(`the agent at ${this.#host} went away in the middle of the log`, { cause });
    } finally {
      response.destroy();
    }
  }

  async #get<T>(path: string, network?: string): Promise<T> {
    const query = network === undefined ? "" : `?${new URLSearchParams({ network })}`;
    return this.#answer(await this.#exchange(`${path}${query}`, { timeout: SILENCE_MS_MAX }));
  }

  /** What the agent answered, or what it refused, thrown. */
  #answer<T>({ status, text }: { status: number; text: string }): T {
    // Node's own answer, to a request that was not read in time.
    if (status === 408) throw new OperationError(`the agent at ${this.#host} is too busy to hear the request: try again`);
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (cause) {
      throw new OperationError(`the agent at ${this.#host} gave an answer that is not JSON (status ${status})`, { cause });
    }
    if (status === 200) return body as T;
    const { message, exitCode } = (body ?? {}) as { message?: unknown; exitCode?: unknown };
    const line = typeof message === "string" ? message : `the agent at ${this.#host} answered with status ${status}`;
    if (typeof exitCode === "number") throw new StartError(line, exitCode);
    throw status === 400 ? new UsageError(line) : new OperationError(line);
  }

  async #exchange(path: string, options: RequestOptions, body?: string): Promise<{ status: number; text: string }> {
    const response = await this.#open(path, options, body);
    try {
      return { status: response.statusCode ?? 0, text: await read(response, this.#host) };
    } catch (error) {
      throw error instanceof OperationError ? error : this.#unreachable(error as Error);
    }
  }

  /** Sends a request, and resolves once the answer begins. */
  #open(path: string, { timeout, ...options }: RequestOptions, body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const asked = request({ socketPath: this.#socketPath, path, agent: false, timeout, headers, ...options }, resolve);
      asked.on("timeout", () =>
        asked.destroy(new OperationError(`the agent at ${this.#host} did not answer within ${(timeout ?? 0) / 1000} s`)),
      );
      // Once the answer has begun, what is wrong with the connection is told by reading it.
      asked.on("error", (error) => reject(error instanceof OperationError ? error : this.#unreachable(error)));
      asked.end(body);
    });
  }

  #unreachable(cause: NodeJS.ErrnoException): NoAgentError {
    const absent = cause.code === "ENOENT" || cause.code === "ECONNREFUSED";
    const why = absent ? "is weft running on this host?" : cause.code === "EACCES" ? "permission denied; try as root" : messageOf(cause);
    return new NoAgentError(`cannot reach the agent at ${this.#host}: ${why}`, { cause });
  }
}

async function read(response: IncomingMessage, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new OperationError(`the agent at ${host} has too many rows for one answer; ask for one network`);
    chunks.push(chunk);
  }
  const failure = response.trailers[FAILURE_TRAILER];
  if (failure !== undefined) throw new OperationError(decodeURIComponent(failure));
  return Buffer.concat(chunks).toString();
}
