// The main thread's end of the embedded store's thread: asks and answers, bounded in number, size and time. What has been changed is told
// to `onCommits` before anybody is answered. When the thread dies, everything that waits is rejected, and all that is asked from then on.

import { Worker } from "node:worker_threads";
import { status } from "@grpc/grpc-js";
import { messageOf, OperationError } from "../../model/errors.ts";
import { threadEnvironment } from "../../model/thread-environment.ts";
import { failure, GrpcFailure } from "../backend.ts";
import { bytesOf, type Call, type Commit, type Methods, type Outcome } from "./call.ts";
import type { HistoryPage } from "./keyspace.ts";
import type { Identity } from "./meta.ts";
import type { Ask, HistoryAsk, StoreThreadData, Told } from "./thread.ts";

const REQUESTS_MAX = 10_000;
const REQUEST_BYTES_MAX = 64 * 1024 ** 2;
/** etcd's own: 5 s and two elections. Whether it happened is not known then. */
const TIMEOUT_MS = 7_000;
const SNAPSHOT_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** A lease ends so much later than its time at most. */
const TICK_MS = 250;

export interface StoreThreadOptions {
  file: string;
  fileBytesMax?: number;
  onCommits(commits: Commit[]): void;
  /** The thread has died by itself. */
  onDeath(error: OperationError): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: GrpcFailure): void;
  bytes: number;
  /** Ticks that it still waits: those count only time in which this thread ran. */
  ticks: number;
}

/** Of Ask, what is asked. */
type Question = { call: Call } | { history: HistoryAsk } | { snapshot: string } | { close: true };

export class StoreThread {
  readonly identity: Identity;
  /** What watchers have been told up to. */
  revision: bigint;
  /** History before this is gone. */
  compacted = 0n;
  readonly #worker: Worker;
  readonly #options: StoreThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ticker: NodeJS.Timeout;
  #outgoing: Ask[] = [];
  #bytes = 0;
  #lastId = 0;
  #ended: GrpcFailure | null = null;

  /** Rejects with OperationError that names the file. */
  static open(options: StoreThreadOptions): Promise<StoreThread> {
    const workerData: StoreThreadData = { file: options.file, fileBytesMax: options.fileBytesMax, tickMs: TICK_MS };
    const env = threadEnvironment();
    // The process's own flags may fit only its main program (--input-type, --inspect-brk).
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData, execArgv: [], env, name: "weft store" });
    return new Promise((resolve, reject) => {
      worker.once("error", (error) => reject(new OperationError(`store ${options.file}: ${messageOf(error)}`, { cause: error })));
      worker.once("message", (told: Told) => {
        if ("opened" in told) resolve(new StoreThread(worker, told.opened, told.revision, options));
        else reject(new OperationError("cannotOpen" in told ? told.cannotOpen : "unexpected message"));
      });
    });
  }

  private constructor(worker: Worker, identity: Identity, revision: bigint, options: StoreThreadOptions) {
    this.#worker = worker;
    this.#options = options;
    this.identity = identity;
    this.revision = revision;
    worker.on("message", (told: Told) => this.#hear(told));
    worker.on("error", (error) => this.#end(messageOf(error)));
    worker.on("exit", () => this.#end("its thread ended"));
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  call<M extends Call["method"]>(method: M, request: Methods[M][0]): Promise<Methods[M][1]> {
    return this.#ask({ call: { method, request } as Call }, TIMEOUT_MS) as Promise<Methods[M][1]>;
  }

  history(history: HistoryAsk): Promise<HistoryPage> {
    return this.#ask({ history }, TIMEOUT_MS) as Promise<HistoryPage>;
  }

  async snapshot(file: string): Promise<void> {
    await this.#ask({ snapshot: file }, SNAPSHOT_TIMEOUT_MS);
  }

  /** What was asked before is answered. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const closed = this.#ask({ close: true }, CLOSE_TIMEOUT_MS);
    this.#ended = failure("stopped");
    await closed.catch(() => {});
    this.#stop();
    await this.#worker.terminate();
  }

  #ask(question: Question, timeoutMs: number): Promise<unknown> {
    const bytes = "call" in question ? bytesOf(question.call) : 0;
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#waiting.size >= REQUESTS_MAX || this.#bytes + bytes > REQUEST_BYTES_MAX) return Promise.reject(failure("tooManyRequests"));
    const id = ++this.#lastId;
    this.#bytes += bytes;
    this.#send({ id, ...question });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, bytes, ticks: Math.ceil(timeoutMs / TICK_MS) });
    });
  }

  /** All that comes in one turn of the event loop goes as one message. */
  #send(ask: Ask): void {
    this.#outgoing.push(ask);
    if (this.#outgoing.length > 1) return;
    setImmediate(() => {
      const asks = this.#outgoing;
      this.#outgoing = [];
      this.#worker.postMessage(asks);
    });
  }

  #hear(told: Told): void {
    if (!("outcomes" in told)) return;
    if (told.compacted > this.compacted) this.compacted = told.compacted;
    const last = told.commits.at(-1);
    if (last) {
      this.revision = last.revision;
      this.#options.onCommits(told.commits);
    }
    for (const { id, outcome } of told.outcomes) this.#settle(id, outcome);
  }

  #settle(id: number, outcome: Outcome<unknown>): void {
    const waiting = this.#take(id);
    if (!waiting) return;
    if ("answer" in outcome) waiting.resolve(outcome.answer);
    else if ("refused" in outcome) waiting.reject(failure(outcome.refused));
    else waiting.reject(new GrpcFailure(status.INTERNAL, `store ${this.#options.file}: ${outcome.failed}`));
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#bytes -= waiting?.bytes ?? 0;
    return waiting;
  }

  #tick(): void {
    this.#send({ id: 0, tick: true });
    for (const [id, waiting] of this.#waiting)
      if (--waiting.ticks <= 0) this.#take(id)?.reject(new GrpcFailure(status.UNAVAILABLE, "etcdserver: request timed out"));
  }

  #end(why: string): void {
    if (this.#ended) return;
    const error = new OperationError(`store ${this.#options.file}: ${why}`);
    this.#ended = new GrpcFailure(status.UNAVAILABLE, `etcdserver: server stopped (${error.message})`);
    this.#stop();
    this.#options.onDeath(error);
  }

  #stop(): void {
    clearInterval(this.#ticker);
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(this.#ended ?? failure("stopped"));
  }
}
