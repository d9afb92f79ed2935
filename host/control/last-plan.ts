// The last applied `Desired` on disk: what a host forwards when it starts and no manager answers. JSON, a line at a time, so that neither writing nor
// reading a large one holds up the main thread for long:
//
//   {"format":"weft plan","version":2}
//   {"key":KEY,"network":{settings},"peers":[…],"ports":[[key,{…}],…]}      each network …
//   {"fdb":[[mac,vtep],…]} or {"neighbors":[[ip,mac],…]}          … with its entries, some to a line
//   {"lines":N}                                                   without it the file was cut short
//
// Main thread.

import { mkdirSync, readFileSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import { z } from "zod";
import { messageOf } from "../model/errors.ts";
import type { Desired, DesiredNetwork } from "../model/forwarding.ts";

const FORMAT = "weft plan";
const VERSION = 2;
const WRITE_MS = 1000;
/** So much longer between two, for each line: all of it is written because of one entry, and a line is up to a millisecond's work. */
const LINE_MS = 20;
const LINE_ENTRIES = 1000;
/** Several times what the largest tables hold. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

const PAIRS = z.array(z.tuple([z.string(), z.string()]));
const INHERITED = z.union([z.number(), z.literal("inherit")]);
const SETTINGS = z.object({
  name: z.string(),
  vni: z.number(),
  mtu: z.number().nullable(),
  learning: z.boolean(),
  allowUnlistedSources: z.boolean(),
  ignoreReservedBits: z.boolean(),
  allowVlanTags: z.boolean(),
  probes: z.boolean().optional(),
  tos: INHERITED,
  ttl: INHERITED,
  ageingSeconds: z.number(),
});
const PORT = z.object({
  netns: z.string(),
  interface: z.string(),
  addresses: z.array(z.string()),
  mac: z.string(),
  routes: z.array(z.string()).optional(),
});
const NETWORK = z.object({ key: z.string(), network: SETTINGS, peers: z.array(z.string()), ports: z.array(z.tuple([z.string(), PORT])) });
const ENTRIES = z.union([z.object({ fdb: PAIRS }), z.object({ neighbors: PAIRS })]);
const HEADER = z.object({ format: z.literal(FORMAT), version: z.literal(VERSION) });
const END = z.object({ lines: z.number() });

export class LastPlan {
  readonly #file: string;
  readonly #onFailure: (why: string) => void;
  /** What is to be written; null when the file is up to date. */
  #next: Desired | null = null;
  /** What could last not be written. */
  #failed: Desired | null = null;
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** Not written before. */
  #writeAt = Number.NEGATIVE_INFINITY;

  /** `onFailure` is told when it could not be written; the next save, or again(), tries again. */
  constructor(file: string, onFailure: (why: string) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /** Has it written soon, at most once a second, a large one more seldom; as it then is. */
  save(desired: Desired): void {
    this.#next = desired;
    this.#timer ??= setTimeout(() => this.#begin(), Math.max(0, this.#writeAt - performance.now())).unref();
  }

  /** What could not be written, if anything, is tried once more. */
  again(): void {
    if (this.#failed !== null) this.save(this.#failed);
  }

  /** Writes what is still to be written. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#begin();
    await this.#writing;
  }

  #begin(): void {
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const desired = this.#next;
    if (desired === null) return;
    this.#next = null;
    this.#writeAt = performance.now() + WRITE_MS;
    try {
      this.#writeAt += (await writePlan(this.#file, desired)) * LINE_MS;
      this.#failed = null;
    } catch (error) {
      this.#failed = desired;
      this.#onFailure(messageOf(error));
    }
  }
}

/** Replaces the file in one step, or leaves it as it is; answers its lines. What changes meanwhile is written as it was or as it becomes. */
async function writePlan(file: string, desired: Desired): Promise<number> {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.new`;
  // One that a killed agent left half-written may have other rights.
  await rm(next, { force: true });
  try {
    const lines = await writeLines(next, desired);
    await rename(next, file);
    return lines;
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

async function writeLines(next: string, desired: Desired): Promise<number> {
  let lines = 0;
  const handle = await open(next, "wx", 0o600);
  try {
    for (const line of linesOf(desired)) {
      await handle.appendFile(`${line}\n`);
      lines++;
      await immediate();
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return lines;
}

function* linesOf(desired: Desired): Generator<string> {
  let count = 1;
  yield JSON.stringify({ format: FORMAT, version: VERSION });
  for (const [key, { settings, peers, fdb, neighbors, ports }] of desired) {
    count++;
    yield JSON.stringify({ key, network: settings, peers: [...peers], ports: [...ports] });
    for (const pairs of some(fdb)) {
      count++;
      yield JSON.stringify({ fdb: pairs });
    }
    for (const pairs of some(neighbors)) {
      count++;
      yield JSON.stringify({ neighbors: pairs });
    }
  }
  yield JSON.stringify({ lines: count });
}

function* some(map: ReadonlyMap<string, string>): Generator<[string, string][]> {
  let pairs: [string, string][] = [];
  for (const pair of map) {
    if (pairs.push(pair) < LINE_ENTRIES) continue;
    yield pairs;
    pairs = [];
  }
  if (pairs.length > 0) yield pairs;
}

/** The plan in a file; or why there is none that can be used. */
export function readPlan(file: string): Desired | string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) return `${file} is larger than ${FILE_BYTES_MAX >> 20} MiB`;
    return parsePlan(readFileSync(file, "utf8").split("\n"));
  } catch (error) {
    return `${file}: ${error instanceof z.ZodError || error instanceof SyntaxError ? "not a plan that this version reads, or cut short" : messageOf(error)}`;
  }
}

function parsePlan(lines: readonly string[]): Desired {
  HEADER.parse(JSON.parse(lines[0]));
  const last = lines.length - 2;
  if (END.parse(JSON.parse(lines[last])).lines !== last) throw new Error("it was cut short");
  const desired: Desired = new Map();
  let network: DesiredNetwork | undefined;
  for (const line of lines.slice(1, last)) {
    const value = JSON.parse(line) as object;
    if ("network" in value) {
      const { key, network: settings, peers, ports } = NETWORK.parse(value);
      network = { settings, peers: new Set(peers), fdb: new Map(), neighbors: new Map(), ports: new Map(ports) };
      desired.set(key, network);
    } else {
      const entries = ENTRIES.parse(value);
      if (network === undefined) throw new Error("entries of no network");
      if ("fdb" in entries) for (const [mac, vtep] of entries.fdb) network.fdb.set(mac, vtep);
      else for (const [ip, mac] of entries.neighbors) network.neighbors.set(ip, mac);
    }
  }
  return desired;
}
