// Locks on whole files (flock(2)): they belong to the open file, so they end with the process, however it ends. Main thread.

import { EWOULDBLOCK, LOCK_EX, LOCK_NB } from "./constants.ts";
import { SysError } from "./errno.ts";
import { errno, flock } from "./libc.ts";

/** Takes the lock, unless another open file has it: then false. Throws SysError. `path` is for messages. */
export function tryLock(fd: number, path: string): boolean {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const number = errno();
  if (number === EWOULDBLOCK) return false;
  throw new SysError("flock", path, number);
}
