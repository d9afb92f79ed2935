// Puts a watch's responses together to whole revisions. A server may cut one revision's events over several responses (fragments), and a
// connection may end between them: then what is not whole is forgotten, and comes again. Main thread.

import { StoreError, type WatchEvent } from "../../model/cluster/store.ts";

/** Of revisions that are not whole yet: a prefix that was deleted has as many. */
const PENDING_EVENTS_MAX = 1_000_000;

export interface Gathered {
  events: WatchEvent[];
  /** Of the last event. */
  revision: number;
}

export class Gather {
  /** The last revision that was handed out. */
  #delivered: number;
  #pending: WatchEvent[] = [];

  /** @param delivered the revision up to which everything is known */
  constructor(delivered: number) {
    this.#delivered = delivered;
  }

  /**
   * Takes the events of a response, in order; gives those whose revisions are whole, null when there are none. Events that were handed out before
   * are left out.
   * @param more the response is a fragment with another after it
   */
  add(events: readonly WatchEvent[], more: boolean): Gathered | null {
    for (const event of events) if (revisionOf(event) > this.#delivered) this.#pending.push(event);
    const last = this.#pending.at(-1);
    if (!last) return null;
    if (this.#pending.length > PENDING_EVENTS_MAX) {
      throw new StoreError("exhausted", `revision ${revisionOf(last)} has more than ${PENDING_EVENTS_MAX} events`);
    }
    const whole = more ? this.#pending.findIndex((event) => revisionOf(event) === revisionOf(last)) : this.#pending.length;
    if (whole === 0) return null;
    const out = this.#pending.splice(0, whole);
    this.#delivered = revisionOf(out[out.length - 1]);
    return { events: out, revision: this.#delivered };
  }
}

export function revisionOf(event: WatchEvent): number {
  return event.type === "put" ? event.entry.modRevision : event.modRevision;
}
