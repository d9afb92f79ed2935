// What the command line has around it, handed in so that a test can run it in one process.

import type { Bench } from "../model/bench.ts";

export interface Surroundings {
  env: Record<string, string | undefined>;
  stdout: { isTTY?: boolean; write(text: string): unknown };
  stderr: { isTTY?: boolean; write(text: string): unknown };
  /** Loads the agent and runs it until it ends (host/agent/main.ts). */
  runAgent(configPath: string): Promise<void>;
  /** Loads the measuring commands (host/measure/index.ts). */
  loadBench(): Promise<Bench>;
}
