// The program that bin/weft starts (by start.js).

import { createInterface } from "node:readline/promises";
import { messageOf } from "../model/errors.ts";
import { closeInherited } from "./inherited.ts";
import { EXIT_FAILED, run } from "./program.ts";
import { spawnInPlace } from "./spawn.ts";

// `weft fdb show | head` is not an error; a disk that is full is.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  process.stderr.write(`cannot write to standard output: ${messageOf(error)}\n`);
  process.exit(EXIT_FAILED);
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  ask: (question) => (process.stdin.isTTY ? ask(question) : null),
  // Loaded only for the agent: the client starts without its system calls and threads.
  runAgent: async (configPath) => (await import("../agent/main.ts")).runAgent(configPath),
  runMember: async (options) => (await import("../agent/member/run.ts")).runMember(options),
  runRestore: async (options) => (await import("../agent/member/restore.ts")).runRestore(options),
  runAbandon: async (options) => (await import("../agent/member/abandon.ts")).abandon(options),
  loadBench: () => import("../measure/index.ts"),
  spawn: (argv) => {
    closeInherited();
    return spawnInPlace(argv);
  },
});

/** What is typed; nothing at the end of the input. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    return await Promise.race([terminal.question(question), ended]);
  } finally {
    terminal.close();
  }
}
