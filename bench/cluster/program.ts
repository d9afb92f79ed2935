// Helpers of the benchmark that run as processes of their own, in a host's namespace: started, asked one thing after the other, ended. A question and
// its answer are a line of JSON each (programs/serve.ts is the other end).

import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Daemon } from "../../lab/daemon.ts";
import type { Lab } from "../../lab/lab.ts";

/** Longer than anything that is asked for takes. */
const ANSWER_MS = 600_000;

interface Told {
  id: number;
  answer?: unknown;
  error?: string;
}

export class Program {
  readonly #daemon: Daemon;
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  /** `name`: a file of bench/cluster/programs, without `.ts`. */
  constructor(lab: Lab, netns: string, name: string) {
    const file = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", file];
    this.#daemon = lab.spawn(node, { netns, name, input: "pipe", output: (stream) => this.#read(stream) });
    void this.#daemon.exited.then(() => this.#end(new Error(`${name} ended: ${this.#daemon.describe()}`)));
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Rejects with what it said went wrong. */
  ask<T>(what: string, input: object = {}): Promise<T> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.#daemon.name}: no answer to ${what} in ${ANSWER_MS / 1000} s`)), ANSWER_MS);
      const settle =
        <V>(end: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer);
          end(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve as (answer: unknown) => void), reject: settle(reject) });
      this.#daemon.input.write(`${JSON.stringify({ id, what, input })}\n`);
    });
  }

  async stop(): Promise<void> {
    await this.#daemon.kill();
  }

  #read(stream: NodeJS.ReadableStream): void {
    createInterface({ input: stream }).on("line", (line) => {
      const { id, answer, error } = JSON.parse(line) as Told;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error !== undefined) waiting?.reject(new Error(`${this.#daemon.name}: ${error}`));
      else waiting?.resolve(answer);
    });
  }

  #end(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
