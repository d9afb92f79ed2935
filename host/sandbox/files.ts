// Files that are there whole or not at all, whenever the process, or the host, ends. Main thread.

import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { messageOf, OperationError } from "../model/errors.ts";

let count = 0;

/** Writes a file in one step, in place of the one of that name. Throws OperationError that names it. */
export function replaceFile(path: string, text: string): void {
  const temporary = write(path, text);
  try {
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw unwritten(path, error);
  }
}

/** The same, unless there is one already: then false, and it stays as it is. Of several who try, one makes it. Throws OperationError that names it. */
export function createFile(path: string, text: string): boolean {
  const temporary = write(path, text);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw unwritten(path, error);
  } finally {
    unlinkSync(temporary);
  }
}

/** The JSON in a file; undefined when there is no file. Throws Node's errors, and SyntaxError. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function write(path: string, text: string): string {
  const temporary = `${path}.${process.pid}.${++count}`;
  try {
    const fd = openSync(temporary, "w", 0o600);
    try {
      // All of it, also where the disk takes a part at first.
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritten(path, error);
  }
  return temporary;
}

function unwritten(path: string, error: unknown): OperationError {
  return new OperationError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
}
