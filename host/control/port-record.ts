// Which ports an agent has made, in a file beside its socket, so that the next start finds what a killed one left: those still in the
// configuration are adopted, the others removed. Written before a port is made; gone after a clean stop.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

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

/** Replaces the record in one step. */
export function writeRecord(file: string, ports: readonly PortPlace[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.new`;
  // One that a killed agent left half-written may have other rights.
  rmSync(next, { force: true });
  writeFileSync(next, JSON.stringify(ports.map(({ netnsPath, interface: name }) => ({ netnsPath, interface: name }))), { mode: 0o600 });
  renameSync(next, file);
}

export function removeRecord(file: string): void {
  rmSync(file, { force: true });
}
