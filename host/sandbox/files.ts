// What is in a container's files. Main thread.

import { readFileSync } from "node:fs";

/** The JSON in a file; undefined when there is no file. Throws Node's errors, and SyntaxError. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
