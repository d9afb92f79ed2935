// What could not be done, as lines for the one who asked: each with its place in front, and no more of them than a person reads. Main thread.

import type { Desired } from "../model/forwarding.ts";
import type { Action } from "./plan.ts";

/** Lines of one answer; more are counted. */
export const FAILURES_MAX = 100;

const WORDS: Partial<Record<Action["do"], string>> = {
  setPeers: "peers",
  setFdb: "fdb",
  removeFdb: "fdb",
  setNeighbor: "neighbor",
  removeNeighbor: "neighbor",
  addPort: "port",
  changePort: "port",
  removePort: "port",
};

export class Failures {
  readonly lines: string[] = [];
  readonly #desired: Desired;
  #more = 0;

  /** `desired` has the networks' names. */
  constructor(desired: Desired) {
    this.#desired = desired;
  }

  add(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.lines.length < FAILURES_MAX) this.lines.push(line);
      else this.lines[FAILURES_MAX] = `and ${++this.#more} more`;
    }
  }

  /** With the place in front: `network blue, fdb 02:42:0a:00:00:02`. */
  addAt({ network, do: what, key }: Action, lines: readonly string[]): void {
    const name = this.#desired.get(network)?.settings.name ?? network;
    const inside = WORDS[what] === undefined ? "" : `, ${`${WORDS[what]} ${key}`.trim()}`;
    this.add(lines.map((line) => `network ${name}${inside}: ${line}`));
  }
}
