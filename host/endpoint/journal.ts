// What this host knows of its own endpoints, one small file each in the state directory. A file is written before a manager is asked, so that
// whatever happens in between, the next start knows what may have to be given back; and it has all that forwarding needs while no manager
// answers. Replaced in one step. Main thread.
//
//   asked (no record) ──manager answers──► held (record) ──leaves──► leaving ──manager has freed it──► no file

import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EndpointRecord, NetworkRecord } from "../model/cluster/records.ts";
import { messageOf } from "../model/errors.ts";
import { replaceFile } from "../sys/replace-file.ts";

export interface JournalEntry {
  /** Of the endpoint: chosen here. */
  id: string;
  /** Network's id. */
  network: string;
  /** Path of the namespace, and its identity (inode). */
  netns: string;
  netnsId: string;
  interface: string;
  container: string | null;
  state: "asked" | "held" | "leaving";
  /** Both there once held. */
  record: EndpointRecord | null;
  networkRecord: NetworkRecord | null;
}

const FILE = /^([0-9a-f]{64})\.json$/;
/** What replaceFile() was writing. */
const COMING = /^[0-9a-f]{64}\.json\./;
const DIRECTORY_MODE = 0o700;

export class Journal {
  readonly #directory: string;
  readonly #entries = new Map<string, JournalEntry>();
  readonly #lost = new Set<string>();

  /** Reads what is there. A file that was cut short (a host that lost its power) is told of and left out: its address is freed as a stray. */
  constructor(directory: string, onBroken: (file: string, why: string) => void = () => {}) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    for (const name of readdirSync(directory)) {
      // An agent was killed as it wrote it: what it replaces stands.
      if (COMING.test(name)) rmSync(join(directory, name), { force: true });
      const [, id] = FILE.exec(name) ?? [];
      if (id === undefined) continue;
      const file = join(directory, name);
      try {
        const entry = JSON.parse(readFileSync(file, "utf8")) as JournalEntry;
        this.#entries.set(entry.id, entry);
      } catch (error) {
        onBroken(file, messageOf(error));
        this.#lost.add(id);
        rmSync(file, { force: true });
      }
    }
  }

  get entries(): JournalEntry[] {
    return [...this.#entries.values()];
  }

  /** Whether its file could not be read: only the store knows now whose it was. */
  isLost(id: string): boolean {
    return this.#lost.has(id);
  }

  get(id: string): JournalEntry | undefined {
    return this.#entries.get(id);
  }

  /** Throws OperationError that names the file. */
  write(entry: JournalEntry): void {
    replaceFile(join(this.#directory, `${entry.id}.json`), JSON.stringify(entry));
    this.#entries.set(entry.id, entry);
  }

  remove(id: string): void {
    rmSync(join(this.#directory, `${id}.json`), { force: true });
    this.#entries.delete(id);
  }
}
