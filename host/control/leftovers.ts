// Interfaces of ours that nothing wants: what an earlier agent left, as its record says, and what could not be removed. The record of all that there are or will be
// is written here too, since the next agent's leftovers are read from it. Main thread.

import { messageOf } from "../model/errors.ts";
import { removePort } from "../netdev/port.ts";
import { type PortPlace, readRecord, removeRecord, writeRecord } from "./port-record.ts";

export class Leftovers {
  /** File of the record (host/control/port-record.ts). */
  readonly #record: string;
  #places: PortPlace[];
  #recorded = "";

  constructor(record: string) {
    this.#record = record;
    this.#places = readRecord(record);
  }

  /** One that could not be removed. */
  add(place: PortPlace): void {
    this.#places.push(place);
  }

  /** It is wanted again. Answers whether it was one: then it is there, perhaps. */
  take(place: PortPlace): boolean {
    const others = this.#places.filter((left) => left.netnsPath !== place.netnsPath || left.interface !== place.interface);
    const isOne = others.length < this.#places.length;
    this.#places = others;
    return isOne;
  }

  /** Removes them, each once: one that cannot be removed may be somebody else's now. `told`: what became of it; `why`: it was not removed. */
  async clear(told: (place: PortPlace, why?: string) => void): Promise<void> {
    const places = this.#places;
    this.#places = [];
    for (const place of places) {
      try {
        await removePort(place);
        told(place);
      } catch (error) {
        told(place, messageOf(error));
      }
    }
  }

  /** Writes down which interfaces there are or will be: `wanted`, and these. */
  remember(wanted: readonly PortPlace[]): void {
    const places = [...wanted, ...this.#places];
    const text = JSON.stringify(places);
    if (text === this.#recorded) return;
    if (places.length > 0) writeRecord(this.#record, places);
    else removeRecord(this.#record);
    this.#recorded = text;
  }
}
