// What a new thread gets as its environment. Any thread that starts others.

import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

/** The process's, and where modules are found compiled (host/cli/start.js): a thread learns that from its own copy of the environment only. */
export function threadEnvironment(): NodeJS.ProcessEnv {
  const made = getCompileCacheDir();
  return made === undefined ? { ...process.env } : { ...process.env, NODE_COMPILE_CACHE: dirname(made) };
}
