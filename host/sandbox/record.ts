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
/** A directory on its way to be one, or gone: never seen as one, and swept with the next that comes or goes, or at the next start. */
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
  } finally {
    sweep(root);
  }
}

/** What is half made or half removed, here and earlier: for want of descriptors it may have stayed. What cannot be done now, the next does. */
function sweep(root: string): void {
  for (const name of attempt(() => readdirSync(root)) ?? [])
    if (isHalf(name)) attempt(() => rmSync(join(root, name), { recursive: true, force: true }));
}

/** The error that is on its way, if any, is the one to tell. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function isHalf(name: string): boolean {
  return name.startsWith(COMING) || name.startsWith(GOING);
}

/** Throws OperationError that names the file. */
export function changeRecord(root: string, record: ContainerRecord): void {
  replaceFile(join(root, record.id, CONFIG), JSON.stringify(record, null, 2));
}

/** Removes a container's directory, with the record in one step; done when it is not there. Throws Node's errors. */
export function removeRecord(root: string, id: string): void {
  try {
    renameSync(join(root, id), join(root, `${GOING}${id}`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  sweep(root);
}

/** All records, after sweeping what was half made or half removed. One that cannot be read is told of, and left alone. Throws Node's errors. */
export function readRecords(root: string, onBroken: (directory: string, why: string) => void): ContainerRecord[] {
  mkdirSync(root, { recursive: true, mode: PRIVATE });
  const records: ContainerRecord[] = [];
  for (const name of readdirSync(root)) {
    const directory = join(root, name);
    if (isHalf(name)) rmSync(directory, { recursive: true, force: true });
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
