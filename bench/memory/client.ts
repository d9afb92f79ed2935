// The benchmark's end of the probe.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PROBE_SOCKET, type Reply, type Request, type ThreadReport } from "./protocol.ts";

const PROBE = fileURLToPath(new URL("./probe.ts", import.meta.url));

/** The environment in which a Node process answers at `socket`. */
export function probed(socket: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=${PROBE}`, [PROBE_SOCKET]: socket };
}

export class ProbeClient {
  readonly #connection: Socket;
  readonly #lines: Interface;

  private constructor(connection: Socket) {
    this.#connection = connection;
    this.#lines = createInterface(connection);
  }

  /** Rejects when no process was started with probed(). */
  static async open(socket: string): Promise<ProbeClient> {
    const connection = connect(socket);
    await once(connection, "connect");
    return new ProbeClient(connection);
  }

  /** Every data path thread begins to count what it allocates. */
  async start(): Promise<void> {
    await this.#ask("start");
  }

  /** What each has allocated since; null for one that sleeps. */
  stop(): Promise<(ThreadReport | null)[]> {
    return this.#ask("stop");
  }

  close(): void {
    this.#connection.destroy();
  }

  async #ask(request: Request): Promise<(ThreadReport | null)[]> {
    const answered = once(this.#lines, "line");
    this.#connection.write(`${JSON.stringify(request)}\n`);
    const [line] = (await answered) as [string];
    const reply = JSON.parse(line) as Reply;
    if ("error" in reply) throw new Error(`the probe in the agent says: ${reply.error}`);
    return reply.reports;
  }
}
