// One agent a state directory: a lock on the file `lock` in it, which says who has it. It ends with the process. Main thread.

import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { messageOf, OperationError } from "../model/errors.ts";
import { tryLock } from "../sys/flock.ts";

export const LOCK_FILE = "lock";

/** Answers what gives the lock back. Throws OperationError that names who has it. */
export function lockDirectory(path: string): () => void {
  const file = join(path, LOCK_FILE);
  let fd: number;
  try {
    // Node opens with O_CLOEXEC: a program that the agent starts does not keep the lock.
    fd = openSync(file, "a+", 0o600);
  } catch (error) {
    throw new OperationError(`state directory ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (!tryLock(fd, file)) {
    const holder = readFileSync(file, "utf8").trim();
    closeSync(fd);
    throw new OperationError(`state directory ${path}: in use by weft${holder ? ` (pid ${holder})` : ""}`);
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return () => closeSync(fd);
}
