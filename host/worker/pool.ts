// The workers: one thread and one long-running Piscina task each (never a task a packet). A worker whose core traps is logged and replaced by a
// new instance on a new task, with the same descriptors; it goes on behind the frame that trapped. Main thread only.
//
// Each has a Piscina of its own: when a thread dies before it has taken its task, the task that waits for it is known. Threads start with the
// workers, no sooner, and end only when their task has ended: one that is terminated while it loads koffi takes the process with it.

import { setTimeout as sleep } from "node:timers/promises";
import { Piscina } from "piscina";
import * as abi from "../../assembly/abi/index.ts";
import { messageOf } from "../model/errors.ts";
import { threadEnvironment } from "../model/thread-environment.ts";
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

interface Post {
  task: WorkerTask;
  doorbell: EventFd;
  /** undefined until start(). */
  piscina: Piscina | undefined;
  /** Takes back the task that no thread has taken yet. */
  cancel: AbortController;
}

export class WorkerPool {
  /** Times that each worker was replaced. */
  readonly restarts: number[];
  readonly #header: Int32Array<ArrayBufferLike>;
  readonly #posts: Post[];
  readonly #onFailure: (failure: WorkerFailure) => void;
  #running: Promise<void>[] = [];

  /** Starts nothing yet. */
  constructor(tasks: readonly WorkerTask[], onFailure: (failure: WorkerFailure) => void) {
    this.#onFailure = onFailure;
    this.restarts = tasks.map(() => 0);
    this.#header = new Int32Array(tasks[0].memory.buffer, abi.HEADER);
    this.#posts = tasks.map((task) => ({
      task,
      doorbell: new EventFd(task.doorbell),
      piscina: undefined,
      cancel: new AbortController(),
    }));
  }

  /** Starts every worker. */
  start(): void {
    this.#running = this.#posts.map((post) => this.#keep(post, openPiscina(post)));
  }

  /** Ends the sleep of every worker, so that it sees what changed. */
  wake(): void {
    for (const { doorbell } of this.#posts) doorbell.signal();
  }

  /** Stops every worker and ends its thread. May be called twice. */
  async stop(): Promise<void> {
    Atomics.store(this.#header, abi.H_STOP / 4, 1);
    this.wake();
    const late = new AbortController();
    await Promise.race([Promise.all(this.#running), sleep(STOP_TIMEOUT_MS, undefined, { signal: late.signal, ref: false })]).catch(
      () => {},
    );
    late.abort();
    await Promise.all(this.#posts.map(({ piscina }) => piscina?.destroy()));
  }

  async #keep(post: Post, piscina: Piscina): Promise<void> {
    const { worker } = post.task;
    while (!this.#isStopping()) {
      const began = Date.now();
      post.cancel = new AbortController();
      const { signal } = post.cancel;
      try {
        await (piscina.run(post.task, { signal }) as Promise<WorkerResult>);
        return;
      } catch (error) {
        if (this.#isStopping()) return;
        this.restarts[worker]++;
        this.#onFailure({ worker, message: messageOf(signal.aborted ? signal.reason : error) });
        if (Date.now() - began < LIFE_MIN_MS) await sleep(PAUSE_MS);
      }
    }
  }

  #isStopping(): boolean {
    return Atomics.load(this.#header, abi.H_STOP / 4) !== 0;
  }
}

function openPiscina(post: Post): Piscina {
  const filename = new URL("./worker.ts", import.meta.url).href;
  const env = threadEnvironment();
  const piscina = new Piscina({ filename, env, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 1, recordTiming: false });
  post.piscina = piscina;
  // A thread that had no task yet: it could not start (EMFILE, ENOMEM).
  piscina.on("error", (error) => post.cancel.abort(error));
  return piscina;
}
