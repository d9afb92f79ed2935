// Files that are there whole or not at all, their owner's alone: whoever reads sees the old one or the new one, also after a crash, a power cut, or on a disk
// that is full. Main thread.

import { closeSync, fchmodSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, OperationError } from "../model/errors.ts";

const MODE = 0o600;

/** Writes a file in one step, in place of the one of that name. Throws OperationError that names it. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  inOneStep(path, content, (next) => renameSync(next, path));
}

/** The same, unless there is one already: then false, and it stays as it is. Of several who try, one makes it. Throws OperationError. */
export function createFile(path: string, content: string | Uint8Array): boolean {
  return inOneStep(path, content, (next) => {
    try {
      linkSync(next, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  });
}

/** Makes what was made, renamed or removed in a directory last. */
export function syncDirectory(path: string): void {
  withFile(path, "r", fsyncSync);
}

function inOneStep<Answer>(path: string, content: string | Uint8Array, put: (next: string) => Answer): Answer {
  const next = `${path}.new`;
  try {
    // What a crash left here goes; and where all may write (`weft backup /tmp/…`), so does what another has put here: a link to a file of his choice, or a file
    // that he has open. Made anew or not at all, it is nobody else's.
    rmSync(next, { force: true });
    withFile(next, "wx", (fd) => {
      // Whatever the umask.
      fchmodSync(fd, MODE);
      writeFileSync(fd, content);
      fsyncSync(fd);
    });
    const answer = put(next);
    syncDirectory(dirname(path));
    return answer;
  } catch (error) {
    throw new OperationError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  } finally {
    rmSync(next, { force: true });
  }
}

function withFile(path: string, flags: string, run: (fd: number) => void): void {
  const fd = openSync(path, flags, MODE);
  try {
    run(fd);
  } finally {
    closeSync(fd);
  }
}
