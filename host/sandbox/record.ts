// What is written of a container, before anything of it exists: DIR/ID/config.json. How it fares is not in there: that is read from what its
// shim left (run.ts), so that the two cannot disagree. Main thread.

import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../model/errors.ts";
import { replaceFile } from "../sys/replace-file.ts";
import { readJson } from "./files.ts";

export interface ContainerRecord {
  /** 64 hex digits. */
  id: string;
  name: string;
  hostname: string;
  command: string[];
  /** All of it, as K=V. */
  environment: string[];
  workingDirectory: string;
  labels: Record<string, string>;
  /** ISO 8601. */
  created: string;
  /** Somebody has asked for its removal, which may have been cut short. */
  removing: boolean;
  /** It has ended, and its namespace and what was in there are given up. */
  discarded: boolean;
}

const ID = /^[0-9a-f]{64}$/;
/** A directory on its way to be one, or gone: never seen as one, and swept at the next start. */
const COMING = ".coming-";
const GOING = ".going-";
const CONFIG = "config.json";
/** What the agent's own, and nobody else, may read: an environment may have secrets. */
const PRIVATE = 0o700;

/** Makes a container's directory with its record in it, in one step, or nothing. Throws OperationError or Node's errors. */
export function addRecord(root: string, record: ContainerRecord): void {
  const coming = join(root, `${COMING}${record.id}`);
  try {
    mkdirSync(join(coming, "log"), { recursive: true, mode: PRIVATE });
    replaceFile(join(coming, CONFIG), JSON.stringify(record, null, 2));
    renameSync(coming, join(root, record.id));
  } catch (error) {
    sweep(coming);
    throw error;
  }
}

/** If it cannot be done now, the next start does it. */
function sweep(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // The error that is on its way is the one to tell.
  }
}

/** Throws OperationError that names the file. */
export function changeRecord(root: string, record: ContainerRecord): void {
  replaceFile(join(root, record.id, CONFIG), JSON.stringify(record, null, 2));
}

/** Removes a container's directory, with the record in one step; done when it is not there. Throws Node's errors. */
export function removeRecord(root: string, id: string): void {
  const going = join(root, `${GOING}${id}`);
  try {
    renameSync(join(root, id), going);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  sweep(going);
}

/** All records, after sweeping what was half made or half removed. One that cannot be read is told of, and left alone. Throws Node's errors. */
export function readRecords(root: string, onBroken: (directory: string, why: string) => void): ContainerRecord[] {
  mkdirSync(root, { recursive: true, mode: PRIVATE });
  const records: ContainerRecord[] = [];
  for (const name of readdirSync(root)) {
    const directory = join(root, name);
    if (name.startsWith(COMING) || name.startsWith(GOING)) rmSync(directory, { recursive: true, force: true });
    if (!ID.test(name)) continue;
    try {
      const record = readJson(join(directory, CONFIG)) as ContainerRecord | undefined;
      if (record?.id !== name || !Array.isArray(record.command)) throw new Error(`${CONFIG} is missing or not its own`);
      records.push(record);
    } catch (error) {
      onBroken(directory, messageOf(error));
    }
  }
  return records;
}
