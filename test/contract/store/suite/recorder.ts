// A watcher that keeps what it is told, and holds it against the rules: calls one at a time, revisions that only grow, nothing before the first
// snapshot.

import type { Entry, Range, WatchEvent, Watcher } from "../../../../host/model/cluster/store.ts";
import { eventually } from "../../../../lab/wait.ts";

export class Recorder implements Watcher {
  /** Key → entry, as the calls so far make it. */
  readonly state = new Map<string, Entry>();
  readonly events: WatchEvent[] = [];
  /** Each call's events by themselves. */
  readonly calls: WatchEvent[][] = [];
  readonly snapshots: Range[] = [];
  readonly connections: boolean[] = [];
  readonly reasons: string[] = [];
  readonly faults: string[] = [];
  revision = 0;
  /** Awaited in each call with events. */
  pause: () => Promise<void> = async () => {};
  #busy = false;

  onSnapshot({ revision, entries }: Range): void {
    this.#enter();
    this.snapshots.push({ revision, entries });
    this.state.clear();
    for (const entry of entries) this.state.set(entry.key, entry);
    this.revision = revision;
    this.#busy = false;
  }

  async onEvents(events: WatchEvent[], revision: number): Promise<void> {
    this.#enter();
    if (this.snapshots.length === 0) this.faults.push("events before a snapshot");
    if (events.length === 0) this.faults.push("a call without events");
    this.calls.push(events);
    let last = this.revision;
    for (const event of events) {
      const at = event.type === "put" ? event.entry.modRevision : event.modRevision;
      if (at <= this.revision) this.faults.push(`revision ${at} after ${this.revision}`);
      if (at < last) this.faults.push(`revision ${at} after ${last} in one call`);
      last = at;
      this.events.push(event);
      if (event.type === "put") this.state.set(event.entry.key, event.entry);
      else if (!this.state.delete(event.key)) this.faults.push(`${event.key} deleted, but was not there`);
    }
    if (last !== revision) this.faults.push(`told revision ${revision}, events end at ${last}`);
    await this.pause();
    this.revision = revision;
    this.#busy = false;
  }

  onConnection(connected: boolean, why: string): void {
    if (this.connections.at(-1) === connected) this.faults.push(`told twice that connected is ${connected}`);
    this.connections.push(connected);
    if (!connected) this.reasons.push(why);
  }

  #enter(): void {
    if (this.#busy) this.faults.push("a call before the one before had ended");
    this.#busy = true;
  }

  /** Waits until everything up to a revision has come, as far as it concerns this watcher: until it has what `entries` are. */
  async has(entries: readonly Entry[], timeoutMs = 20_000): Promise<void> {
    const wanted = JSON.stringify(entries);
    await eventually(`the watcher to have ${entries.length} entries`, () => JSON.stringify(this.sorted()) === wanted, timeoutMs);
  }

  /** What it has, by key. */
  sorted(): Entry[] {
    return [...this.state.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }
}
