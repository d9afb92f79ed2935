// The nodes as they were last heard of, kept in the state directory: an agent that starts while no manager answers probes them and answers their
// probes as before, so that none takes the other for gone. Main thread.

import { readFileSync } from "node:fs";
import { replaceFile } from "../../cluster/replace-file.ts";
import type { NodeRecord } from "../../model/cluster/records.ts";
import { messageOf } from "../../model/errors.ts";

const MODE = 0o600;

export class KnownNodes {
  readonly #file: string;
  readonly #onFailure: (why: string) => void;
  #written = "";

  /** `onFailure` is told when they could not be kept; it is tried again with the next change. */
  constructor(file: string, onFailure: (why: string) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /** None, when none were kept or the file is damaged. */
  read(): NodeRecord[] {
    try {
      const nodes = JSON.parse(readFileSync(this.#file, "utf8")) as NodeRecord[];
      return Array.isArray(nodes) ? nodes : [];
    } catch {
      return [];
    }
  }

  save(nodes: readonly NodeRecord[]): void {
    const text = JSON.stringify(nodes);
    if (text === this.#written) return;
    try {
      replaceFile(this.#file, text, MODE);
      this.#written = text;
    } catch (error) {
      this.#onFailure(messageOf(error));
    }
  }
}
