// Virtual time. While it is installed, timers, clocks and random identities of this process are the simulation's: everything that happens is an event in one
// queue, events are taken one after the other, and each is followed by all that it makes possible (promises) before the next. So a seed
// decides everything, a minute takes a millisecond, and what is simulated is the product's own code, which calls setTimeout as ever.
//
// A simulated operating-system process (Proc) is the context in which code runs: its timers are dropped once it is killed, promises that it waits for
// never settle, and its Date may be wrong.

import { AsyncLocalStorage } from "node:async_hooks";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Random } from "../../oracle/random.ts";

export const START_MS = Date.parse("2026-01-01T00:00:00Z");

const context = new AsyncLocalStorage<Proc>();
const real = { setImmediate, setTimeout, clearTimeout, clearImmediate, Date, randomBytes: crypto.randomBytes };

export class Proc {
  readonly name: string;
  /** How wrong its clock is. */
  skewMs: number;
  alive = true;
  readonly #onEnd = new Set<() => void>();

  constructor(name: string, skewMs: number) {
    this.name = name;
    this.skewMs = skewMs;
  }

  run<T>(work: () => T): T {
    return context.run(this, work);
  }

  /** Not one line of its code runs any more. */
  kill(): void {
    this.alive = false;
    for (const tell of [...this.#onEnd]) tell();
    this.#onEnd.clear();
  }

  /** Answers what takes it back. */
  onEnd(tell: () => void): () => void {
    this.#onEnd.add(tell);
    return () => this.#onEnd.delete(tell);
  }
}

class Timer {
  readonly at: number;
  readonly order: number;
  readonly proc: Proc | undefined;
  run: (() => void) | null;

  constructor(at: number, order: number, proc: Proc | undefined, run: () => void) {
    this.at = at;
    this.order = order;
    this.proc = proc;
    this.run = run;
  }

  cancel(): void {
    this.run = null;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

export class VirtualTime {
  now = 0;
  /** Events taken. */
  events = 0;
  readonly #random: Random;
  readonly #heap: Timer[] = [];
  #order = 0;
  #failure: Error | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Nobody's event (the network's, the schedule's), unless it is said whose. */
  after(ms: number, run: () => void, proc?: Proc): Timer {
    const timer = new Timer(this.now + Math.max(0, ms), this.#order++, proc, run);
    push(this.#heap, timer);
    return timer;
  }

  /** Resolves in the process that asks, if it still lives then. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve, context.getStore()));
  }

  /** Something did not hold: run() rejects with it. The first is told. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    while (this.#failure === null && this.#heap.length > 0 && this.#heap[0].at <= end) await this.#take(pop(this.#heap));
    if (this.#failure !== null) throw this.#failure;
    this.now = end;
  }

  async #take(timer: Timer): Promise<void> {
    if (timer.run === null || timer.proc?.alive === false) return;
    this.now = timer.at;
    this.events++;
    try {
      if (timer.proc) timer.proc.run(timer.run);
      else context.exit(timer.run);
    } catch (error) {
      this.fail(error);
    }
    // Promises settle until none is left to.
    await new Promise<void>((resolve) => real.setImmediate(resolve));
  }

  /** From now on this process's time is this one; answers what ends that. */
  install(): () => void {
    const timers = {
      setTimeout: (run: () => void, ms = 0) => this.after(ms, run, context.getStore()),
      clearTimeout: (timer?: Timer) => timer?.cancel?.(),
      setImmediate: (run: () => void) => this.after(0, run, context.getStore()),
      clearImmediate: (timer?: Timer) => timer?.cancel?.(),
    };
    const wallClock = () => START_MS + this.now + (context.getStore()?.skewMs ?? 0);
    class VirtualDate extends real.Date {
      constructor(...given: []) {
        super(...((given.length === 0 ? [wallClock()] : given) as []));
      }

      static override now(): number {
        return Math.floor(wallClock());
      }
    }
    Object.assign(globalThis, timers, { Date: VirtualDate });
    Object.assign(crypto, { randomBytes: (bytes: number) => Buffer.from(this.#random.bytes(bytes)) });
    syncBuiltinESMExports();
    return () => {
      const { randomBytes, ...globals } = real;
      Object.assign(globalThis, globals);
      Object.assign(crypto, { randomBytes });
      syncBuiltinESMExports();
    };
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let child = heap.push(timer) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (before(heap[parent], timer)) break;
    heap[child] = heap[parent];
    child = parent;
  }
  heap[child] = timer;
}

function pop(heap: Timer[]): Timer {
  const top = heap[0];
  const last = heap.pop() as Timer;
  if (heap.length === 0) return top;
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = last;
  return top;
}
