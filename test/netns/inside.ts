// An agent in a process of its own that a test can look into and meddle with: programs/agent.ts in a host's namespace. A function of the test runs
// there, as text: it may use nothing but its parameters.

import { fileURLToPath } from "node:url";
import { type AgentFile, type AgentOptions, agentFile, writeConfig } from "../../lab/agent.ts";
import { type Books, settledBooks } from "../../lab/books.ts";
import type { Daemon, Exit } from "../../lab/daemon.ts";
import { parseMetrics, type Sample, scrape } from "../../lab/metrics.ts";
import type { Host } from "../../lab/topology.ts";
import { eventually } from "../../lab/wait.ts";
import type { World } from "./programs/agent.ts";

const READY_MS = 30_000;
const PROGRAM = fileURLToPath(new URL("./programs/agent.ts", import.meta.url));

/** One line of the agent's log. */
export interface LogLine {
  level: number;
  msg: string;
  [key: string]: unknown;
}

export class Inside {
  readonly host: Host;
  readonly daemon: Daemon;
  readonly file: AgentFile;
  #last = 0;

  private constructor(host: Host, daemon: Daemon, file: AgentFile) {
    this.host = host;
    this.daemon = daemon;
    this.file = file;
  }

  /** Starts an agent, and waits until it serves. It ends with the lab at the latest. */
  static async start(host: Host, options: AgentOptions, change: Partial<AgentFile> = {}): Promise<Inside> {
    const file = { ...agentFile(host, options), ...change };
    const config = writeConfig(host, file);
    const words = { netns: host.netns, name: `agent ${host.name}`, input: "pipe", environment: options.environment } as const;
    const daemon = host.lab.spawn([process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM, config], words);
    const inside = new Inside(host, daemon, file);
    host.lab.defer(() => inside.stop());
    await daemon.waitFor(/^agent ready$/m, "stdout", READY_MS);
    await inside.#told();
    return inside;
  }

  /** Calls `work` inside the process with `word`, and gives its result; bigints become numbers. */
  async run<Result, Word = undefined>(work: (world: World, word: Word) => Result, word?: Word): Promise<Awaited<Result>> {
    const id = ++this.#last;
    this.daemon.input.write(`${JSON.stringify({ id, code: work.toString(), word })}\n`);
    const [line] = await this.daemon.waitFor(new RegExp(`^{"id":${id},.*$`, "m"));
    await this.#told(id);
    const reply = JSON.parse(line) as { result: Awaited<Result>; error?: string };
    if (reply.error !== undefined) throw new Error(`in ${this.daemon.name}: ${reply.error}`);
    return reply.result;
  }

  /** Waits until all is here that was logged before an answer. */
  #told(id = 0): Promise<unknown> {
    return this.daemon.waitFor(new RegExp(`^told ${id}$`, "m"), "stderr");
  }

  /** The log so far, at least to the last answer, or what of it has this message. */
  log(message?: string): LogLine[] {
    const lines = this.daemon.stderr.split("\n").filter((line) => line.startsWith("{"));
    const all = lines.map((line) => JSON.parse(line) as LogLine);
    return message === undefined ? all : all.filter(({ msg }) => msg === message);
  }

  /** Waits for a log line with this message, other than those before `from`. */
  logged(message: string, from = 0): Promise<LogLine> {
    return eventually(`the log line "${message}" (${this.daemon.describe()})`, () => this.log(message)[from], 20_000);
  }

  async metrics(): Promise<Sample[]> {
    return parseMetrics(await scrape(this.host.netns, this.file.metrics as string));
  }

  settledBooks(): Promise<Books> {
    return settledBooks(this);
  }

  /** Ends its input: the agent stops, and removes what it made. */
  async stop(): Promise<Exit> {
    if (!this.daemon.exit) this.daemon.input.end();
    return this.daemon.exited;
  }

  /** kill -9. */
  kill(): Promise<Exit> {
    return this.daemon.kill();
  }
}
