// What the command line has around it, handed in so that a test can run it in one process.

import type { Bench } from "../model/bench.ts";
import type { AbandonOptions, MemberOptions, RestoreOptions } from "../model/cluster/start.ts";

export interface Output {
  isTTY?: boolean;
  /** False when the reader is behind: `drain` is emitted when it has caught up. */
  write(text: string): unknown;
  once?(event: "drain", listener: () => void): unknown;
}

export interface Surroundings {
  env: Record<string, string | undefined>;
  stdout: Output;
  stderr: Output;
  /** Milliseconds since 1970. */
  now(): number;
  /** Asks whoever sits at the terminal; null when nobody does. */
  ask(question: string): Promise<string> | null;
  /** Loads the agent and runs it until it ends (host/agent/main.ts). */
  runAgent(configPath: string): Promise<void>;
  /** The same for a member of a cluster. */
  runMember(options: MemberOptions): Promise<void>;
  /** Loads what puts a backup back, and does it. */
  runRestore(options: RestoreOptions): Promise<void>;
  /** Loads what removes a member of which no agent runs, and does it; resolves to the node's name, if it still had one. */
  runAbandon(options: AbandonOptions): Promise<string | null>;
  /** Loads the measuring commands (host/measure/index.ts). */
  loadBench(): Promise<Bench>;
  /** Runs a program with this one's input and outputs; resolves to its exit code as a shell has it. Rejects when it cannot be started. */
  spawn(argv: readonly string[]): Promise<number>;
}
