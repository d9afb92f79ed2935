// The workers: one long-running Piscina task each (never a task a packet). A worker whose core traps is logged and replaced by a new
// instance on a new task, with the same descriptors; it goes on behind the frame that trapped. Main thread only.

import { setTimeout as sleep } from "node:timers/promises";
import { Piscina } from "piscina";
import * as abi from "../../assembly/abi/index.ts";
import { messageOf } from "../model/errors.ts";
import { EventFd } from "../sys/eventfd.ts";
import type { WorkerResult, WorkerTask } from "./task.ts";

/** What the pool tells when a worker ended otherwise than by stop(). */
export interface WorkerFailure {
  worker: number;
  message: string;
}

/** Pause before a worker is replaced that did not live so long: one that cannot live must not eat the machine. */
const LIFE_MIN_MS = 1000;
const PAUSE_MS = 100;
const STOP_TIMEOUT_MS = 5000;

export class WorkerPool {
  /** Times that each worker was replaced. */
  readonly restarts: number[];
  readonly #tasks: readonly WorkerTask[];
  readonly #doorbells: readonly EventFd[];
  readonly #header: Int32Array<ArrayBufferLike>;
  readonly #piscina: Piscina;
  readonly #onFailure: (failure: WorkerFailure) => void;
  #running: Promise<void>[] = [];

  /** Starts nothing yet. */
  constructor(tasks: readonly WorkerTask[], onFailure: (failure: WorkerFailure) => void) {
    this.#tasks = tasks;
    this.#onFailure = onFailure;
    this.restarts = tasks.map(() => 0);
    this.#doorbells = tasks.map((task) => new EventFd(task.doorbell));
    this.#header = new Int32Array(tasks[0].memory.buffer, abi.HEADER);
    this.#piscina = new Piscina({
      filename: new URL("./worker.ts", import.meta.url).href,
      minThreads: tasks.length,
      maxThreads: tasks.length,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
    });
  }

  /** Starts every worker. */
  start(): void {
    this.#running = this.#tasks.map((task) => this.#keep(task));
  }

  /** Ends the sleep of every worker, so that it sees what changed. */
  wake(): void {
    for (const doorbell of this.#doorbells) doorbell.signal();
  }

  /** Stops every worker and ends its thread. */
  async stop(): Promise<void> {
    Atomics.store(this.#header, abi.H_STOP / 4, 1);
    this.wake();
    const late = new AbortController();
    await Promise.race([Promise.all(this.#running), sleep(STOP_TIMEOUT_MS, undefined, { signal: late.signal, ref: false })]).catch(
      () => {},
    );
    late.abort();
    await this.#piscina.destroy();
  }

  async #keep(task: WorkerTask): Promise<void> {
    while (!this.#isStopping()) {
      const began = Date.now();
      try {
        await (this.#piscina.run(task) as Promise<WorkerResult>);
        return;
      } catch (error) {
        if (this.#isStopping()) return;
        this.restarts[task.worker]++;
        this.#onFailure({ worker: task.worker, message: messageOf(error) });
        if (Date.now() - began < LIFE_MIN_MS) await sleep(PAUSE_MS);
      }
    }
  }

  #isStopping(): boolean {
    return Atomics.load(this.#header, abi.H_STOP / 4) !== 0;
  }
}
