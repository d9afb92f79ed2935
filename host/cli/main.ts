// The program that bin/weft starts.

import { run } from "./program.ts";

// `weft fdb show | head` is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  // Loaded only for the agent: the client starts without its system calls and threads.
  runAgent: async (configPath) => (await import("../agent/main.ts")).runAgent(configPath),
  loadBench: () => import("../measure/index.ts"),
});
