// One agent a state directory: a lock on the file `lock` in it, which says who has it. It ends with the process. Main thread.

import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { messageOf, OperationError } from "../model/errors.ts";
import { tryLock } from "../sys/flock.ts";

export const LOCK_FILE = "lock";

/** Answers what gives the lock back. Throws OperationError that names who has it. */
export function lockDirectory(path: string): () => void {
  const file = join(path, LOCK_FILE);
  for (;;) {
    const fd = open(path, file);
    if (!tryLock(fd, file)) {
      const holder = readFileSync(fd, "utf8").trim();
      closeSync(fd);
      throw new OperationError(`state directory ${path}: in use by weft${holder ? ` (pid ${holder})` : ""}`);
    }
    if (isAt(fd, file)) {
      ftruncateSync(fd);
      writeSync(fd, `${process.pid}\n`);
      return () => closeSync(fd);
    }
    // Whoever had it removed the file: the lock on what was removed is nobody's concern.
    closeSync(fd);
  }
}

function open(path: string, file: string): number {
  try {
    // Node opens with O_CLOEXEC: a program that the agent starts does not keep the lock.
    return openSync(file, "a+", 0o600);
  } catch (error) {
    throw new OperationError(`state directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether the open file is still the one of that name. */
function isAt(fd: number, file: string): boolean {
  const there = statSync(file, { throwIfNoEntry: false });
  return there !== undefined && there.ino === fstatSync(fd).ino;
}
