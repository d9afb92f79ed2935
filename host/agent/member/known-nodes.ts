// The nodes as they were last heard of, kept in the state directory: an agent that starts while no manager answers probes them and answers their
// probes as before, so that none takes the other for gone. Main thread.

import { readFileSync } from "node:fs";
import type { NodeRecord } from "../../model/cluster/records.ts";
import { messageOf } from "../../model/errors.ts";
import { replaceFile } from "../../sys/replace-file.ts";

export class KnownNodes {
  readonly #file: string;
  readonly #onFailure: (why: string) => void;
  #written = "";
  #wanted = "";

  /** `onFailure` is told when they could not be kept; the next change, or again(), tries again. */
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
    this.#wanted = JSON.stringify(nodes);
    this.again();
  }

  /** What could not be kept, if anything, is tried once more. */
  again(): void {
    if (this.#wanted === this.#written) return;
    try {
      replaceFile(this.#file, this.#wanted);
      this.#written = this.#wanted;
    } catch (error) {
      this.#onFailure(messageOf(error));
    }
  }
}
