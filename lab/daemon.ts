// A long-running process of the lab: started (in a namespace, perhaps), read line by line, stopped or killed. Its output is kept, up to a
// bound, so that a failure can show it. It has a process group of its own: a terminal's Ctrl-C reaches the lab, which then stops it in order.

import { type ChildProcess, spawn } from "node:child_process";
import { inNamespace } from "./command.ts";

const OUTPUT_CHARACTERS_MAX = 1_000_000;
const STOP_MS = 10_000;

export interface DaemonOptions {
  netns?: string;
  /** What to call it in errors. */
  name?: string;
  environment?: Record<string, string>;
  input?: "pipe" | "ignore";
  /** Reads standard output instead of having it kept. */
  output?: (stream: NodeJS.ReadableStream) => void;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Daemon {
  readonly name: string;
  readonly exited: Promise<Exit>;
  stdout = "";
  stderr = "";
  exit: Exit | null = null;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();

  constructor(argv: readonly string[], options: DaemonOptions = {}) {
    const [file, ...rest] = inNamespace(options.netns, argv);
    this.name = options.name ?? argv[0];
    const env = { ...process.env, ...options.environment };
    this.#child = spawn(file, rest, { stdio: [options.input ?? "ignore", "pipe", "pipe"], detached: true, env });
    this.#child.stdin?.on("error", () => {});
    if (options.output && this.#child.stdout) options.output(this.#child.stdout);
    else this.#collect("stdout");
    this.#collect("stderr");
    this.exited = new Promise((resolve) => {
      const done = (exit: Exit) => {
        if (this.exit) return;
        this.exit = exit;
        this.#wake();
        resolve(exit);
      };
      this.#child.once("error", (error) => {
        this.stderr += String(error);
        done({ code: 127, signal: null });
      });
      this.#child.once("close", (code, signal) => done({ code, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get input(): NodeJS.WritableStream {
    if (!this.#child.stdin) throw new Error(`${this.name}: started without an input pipe`);
    return this.#child.stdin;
  }

  #collect(stream: "stdout" | "stderr"): void {
    this.#child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      this[stream] = (this[stream] + text).slice(-OUTPUT_CHARACTERS_MAX);
      this.#wake();
    });
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits until `pattern` shows in the output; gives the match. Rejects when the process ends first, or after `timeoutMs`. */
  waitFor(pattern: RegExp, stream: "stdout" | "stderr" = "stdout", timeoutMs = 20_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = () => {
        const match = pattern.exec(this[stream]);
        if (match) finish(() => resolve(match));
        else if (this.exit) finish(() => reject(new Error(`${this.name} ended before ${pattern}: ${this.describe()}`)));
      };
      const timer = setTimeout(() => {
        finish(() => reject(new Error(`${this.name}: waited ${timeoutMs} ms for ${pattern}: ${this.describe()}`)));
      }, timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** What it said and how it ended, for error messages. */
  describe(): string {
    const state = this.exit ? `exit ${this.exit.code ?? this.exit.signal}` : "running";
    return `${state}; stdout: ${this.stdout.trim().slice(-2000) || "-"}; stderr: ${this.stderr.trim().slice(-4000) || "-"}`;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.exit) this.#child.kill(signal);
  }

  /** Asks it to end (SIGTERM by default) and waits; rejects, and kills it, when it does not within the bound. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = STOP_MS): Promise<Exit> {
    this.signal(signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), timeoutMs);
    });
    const exit = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    if (exit) return exit;
    await this.kill();
    throw new Error(`${this.name} did not end within ${timeoutMs} ms of ${signal}: ${this.describe()}`);
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<Exit> {
    this.signal("SIGKILL");
    return this.exited;
  }
}
