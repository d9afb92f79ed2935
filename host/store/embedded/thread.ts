// The thread behind host/store/embedded/store-thread.ts: one engine. Whatever waits when it gets round to reading is one group, and so one
// write to the disk: the longer a write takes, the more come along with the next. It tells what was changed in the same message as the answers.

import { flushCompileCache } from "node:module";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { messageOf } from "../../model/errors.ts";
import type { Call, Commit, Outcome } from "./call.ts";
import { Engine } from "./engine.ts";
import type { Interval } from "./interval.ts";
import type { HistoryPage } from "./keyspace.ts";
import type { Identity } from "./meta.ts";
import { Refused } from "./refused.ts";

export interface StoreThreadData {
  file: string;
  fileBytesMax: number | undefined;
  /** Between two ticks. */
  tickMs: number;
}

export interface HistoryAsk {
  interval: Interval;
  from: bigint;
  prevKv: boolean;
  eventsMax: number;
  bytesMax: number;
}

export type Ask = { id: number } & ({ call: Call } | { history: HistoryAsk } | { snapshot: string } | { close: true } | { tick: true });

export type Told =
  | { opened: Identity; revision: bigint }
  | { cannotOpen: string }
  /** The commits come before the answers: whoever is answered may take it that watchers know. */
  | { commits: Commit[]; compacted: bigint; outcomes: { id: number; outcome: Outcome<unknown> }[] };

/** Calls that go into one transaction of the database. */
const GROUP_MAX = 512;
/** Ticks that come later than this were held up, and with them the beats of all leases. */
const STALL_MS = 1000;

const port = parentPort;
const data = workerData as StoreThreadData;

class StoreLoop {
  readonly #engine: Engine;
  #tickedMs = performance.now();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  serve(asks: Ask[]): void {
    const outcomes: { id: number; outcome: Outcome<unknown> }[] = [];
    const calls = asks.filter((ask) => "call" in ask);
    if (calls.length > 0)
      this.#engine.run(calls.map(({ call }) => call)).forEach((outcome, index) => {
        outcomes.push({ id: calls[index].id, outcome });
      });
    if (asks.some((ask) => "tick" in ask)) this.#tick();
    const commits = this.#engine.takeCommits();
    // Outside of the transaction: what is told from here is on the disk.
    for (const ask of asks) {
      if ("history" in ask) outcomes.push({ id: ask.id, outcome: outcomeOf(() => this.#history(ask.history)) });
      if ("snapshot" in ask) outcomes.push({ id: ask.id, outcome: outcomeOf(() => this.#engine.snapshot(ask.snapshot)) });
    }
    tell({ commits, compacted: this.#engine.compacted, outcomes });
    const close = asks.find((ask) => "close" in ask);
    if (close) this.#close(close.id);
  }

  #history({ interval, from, prevKv, eventsMax, bytesMax }: HistoryAsk): HistoryPage {
    return this.#engine.history(interval, from, prevKv, eventsMax, bytesMax);
  }

  /** Ends leases. If the process, or one of its two threads, has stood still, no beat could arrive: then all leases get that time back. */
  #tick(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#tickedMs - data.tickMs;
    this.#tickedMs = nowMs;
    if (lateMs > STALL_MS) this.#engine.extendLeases(lateMs);
    this.#engine.expire();
  }

  #close(id: number): void {
    this.#engine.close();
    tell({ commits: [], compacted: 0n, outcomes: [{ id, outcome: { answer: undefined } }] });
    port?.close();
  }
}

function outcomeOf(work: () => unknown): Outcome<unknown> {
  try {
    return { answer: work() };
  } catch (error) {
    return error instanceof Refused ? { refused: error.which } : { failed: messageOf(error) };
  }
}

function tell(told: Told): void {
  port?.postMessage(told);
}

function open(): StoreLoop | undefined {
  try {
    const engine = new Engine({ file: data.file, fileBytesMax: data.fileBytesMax, nowMs: () => performance.now() });
    tell({ opened: engine.identity, revision: engine.revision });
    return new StoreLoop(engine);
  } catch (error) {
    tell({ cannotOpen: messageOf(error) });
    return undefined;
  }
}

if (port) {
  const loop = open();
  if (loop)
    port.on("message", (first: Ask[]) => {
      const asks = first;
      while (asks.length < GROUP_MAX) {
        const next = receiveMessageOnPort(port);
        if (!next) break;
        asks.push(...(next.message as Ask[]));
      }
      loop.serve(asks);
    });
  flushCompileCache();
}
