// Which ports an agent has made, in a file beside its socket, so that the next start finds what a killed one left: those still in the
// configuration are adopted, the others removed. Written before a port is made; gone after a clean stop.

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { replaceFile } from "../sys/replace-file.ts";

export interface PortPlace {
  netnsPath: string;
  interface: string;
}

const FILE = z.array(z.object({ netnsPath: z.string(), interface: z.string() }));

/** The record's file for a socket. */
export function recordPath(socket: string): string {
  return `${socket}.ports.json`;
}

/** What an earlier agent recorded; none when there is no record or it was cut short. */
export function readRecord(file: string): PortPlace[] {
  try {
    return FILE.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return [];
  }
}

/** Replaces the record in one step. Throws OperationError or Node's errors. */
export function writeRecord(file: string, ports: readonly PortPlace[]): void {
  mkdirSync(dirname(file), { recursive: true });
  replaceFile(file, JSON.stringify(ports.map(({ netnsPath, interface: name }) => ({ netnsPath, interface: name }))));
}

export function removeRecord(file: string): void {
  rmSync(file, { force: true });
}
