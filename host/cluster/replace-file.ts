// Replaces a file in one step: whoever reads sees the old one or the new one, whole, also after a crash or a power cut. Main thread.

import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, OperationError } from "../model/errors.ts";

/** Throws OperationError that names the file. */
export function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const next = `${path}.new`;
  try {
    withFile(next, "w", mode, (fd) => {
      // Of a file that a crash left here the mode may be another.
      fchmodSync(fd, mode);
      const bytes = Buffer.from(content as string);
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
      fsyncSync(fd);
    });
    renameSync(next, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(next, { force: true });
    throw new OperationError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes what was made, renamed or removed in a directory last. */
export function syncDirectory(path: string): void {
  withFile(path, "r", 0, fsyncSync);
}

function withFile(path: string, flags: string, mode: number, run: (fd: number) => void): void {
  const fd = openSync(path, flags, mode);
  try {
    run(fd);
  } finally {
    closeSync(fd);
  }
}
