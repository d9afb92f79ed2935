// The client of the agent's API, for the command line. HTTP over the agent's unix socket; what goes wrong comes out as one
// line that says which agent was asked and what to do. It loads nothing of the agent.

import { type IncomingMessage, request } from "node:http";
import { isAbsolute } from "node:path";
import { messageOf, OperationError, UsageError } from "../model/errors.ts";
import type { FdbRow, NeighborRow, NetworkView, NodeView, VtepRow } from "../model/view.ts";

export const DEFAULT_HOST = "unix:///run/weft/weft.sock";
/** Longest silence of the agent. */
const SILENCE_MS_MAX = 10000;
/** Some two million rows. */
const ANSWER_BYTES_MAX = 268435456;

/** What /v1/info answers. */
export interface InfoView extends NodeView {
  version: string;
}

/** The path in `unix://PATH`. Throws UsageError. */
export function socketPathOf(host: string): string {
  const path = host.startsWith("unix://") ? host.slice("unix://".length) : "";
  if (!isAbsolute(path))
    throw new UsageError(`${JSON.stringify(host)} is not an address of an agent (expected unix://PATH, e.g. ${DEFAULT_HOST})`);
  return path;
}

/** Asks one agent. Methods reject with OperationError; `network` leaves out the rows of others. */
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

  async #get<T>(path: string, network?: string): Promise<T> {
    const query = network === undefined ? "" : `?${new URLSearchParams({ network })}`;
    const { status, text } = await this.#exchange(`${path}${query}`);
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (cause) {
      throw new OperationError(`the agent at ${this.#host} gave an answer that is not JSON (status ${status})`, { cause });
    }
    if (status === 200) return body as T;
    const { message } = (body ?? {}) as { message?: unknown };
    throw new OperationError(typeof message === "string" ? message : `the agent at ${this.#host} answered with status ${status}`);
  }

  #exchange(path: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(error instanceof OperationError ? error : this.#unreachable(error));
      const asked = request({ socketPath: this.#socketPath, path, agent: false, timeout: SILENCE_MS_MAX }, (response) => {
        read(response, this.#host).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
      });
      asked.on("timeout", () =>
        asked.destroy(new OperationError(`the agent at ${this.#host} did not answer within ${SILENCE_MS_MAX / 1000} s`)),
      );
      asked.on("error", fail);
      asked.end();
    });
  }

  #unreachable(cause: NodeJS.ErrnoException): OperationError {
    const absent = cause.code === "ENOENT" || cause.code === "ECONNREFUSED";
    const why = absent ? "is 'weft agent' running?" : cause.code === "EACCES" ? "permission denied; try as root" : messageOf(cause);
    return new OperationError(`cannot reach the agent at ${this.#host}: ${why}`, { cause });
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
  return Buffer.concat(chunks).toString();
}
