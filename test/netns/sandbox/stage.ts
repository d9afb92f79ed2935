// A directory for containers, and their removal after a test, however it ended.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogLine } from "../../../host/model/cluster/answers.ts";
import { Containers, type Recovered } from "../../../host/sandbox/containers.ts";
import type { LogOptions } from "../../../host/sandbox/log.ts";

export class Stage {
  readonly root = mkdtempSync(join(tmpdir(), "weft-containers-"));
  readonly directory = join(this.root, "containers");
  readonly warnings: string[] = [];
  #containers: Containers | undefined;

  get containers(): Containers {
    if (!this.#containers) throw new Error("not open");
    return this.#containers;
  }

  /** What an agent does at its start; an earlier one is as if it had ended. */
  async open(graceMs = 500): Promise<Recovered> {
    this.#containers?.close();
    this.#containers = new Containers({
      directory: this.directory,
      graceMs,
      log: { warn: (what, message) => this.warnings.push(`${message} ${JSON.stringify(what)}`) },
    });
    return this.#containers.recover();
  }

  /** Runs a command, without waiting for its end. */
  async run(command: string[], wish: { name?: string; environment?: string[]; workingDirectory?: string } = {}): Promise<string> {
    const { record } = await this.containers.create({ command, ...wish });
    await this.containers.start(record.id);
    return record.id;
  }

  /** Runs a shell's script to its end, and gives its exit code and output. */
  async shell(script: string): Promise<{ code: number; output: string }> {
    const id = await this.run(["sh", "-c", script]);
    const code = await this.containers.wait(id);
    return { code, output: await this.output(id) };
  }

  async lines(id: string, options: Partial<LogOptions> = {}): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for await (const line of this.containers.logs(id, { follow: false, tail: null, ...options })) lines.push(line);
    return lines;
  }

  async output(id: string, stream = "stdout"): Promise<string> {
    return (await this.lines(id)).flatMap((line) => (line.stream === stream ? line.log : [])).join("");
  }

  async close(): Promise<void> {
    await this.open();
    await Promise.all(
      this.containers.list().map(async ({ record, run }) => {
        if (run.state === "running") this.containers.signal(record.id, "KILL");
        await this.containers.remove(record.id, { force: true });
      }),
    );
    this.containers.close();
    rmSync(this.root, { recursive: true });
  }
}
