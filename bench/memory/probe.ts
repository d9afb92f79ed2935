// Loaded into an agent's process before its own code (NODE_OPTIONS=--import), so that the product needs no door for measuring: from the main thread it
// speaks to the inspector of each data path thread, and it answers the benchmark (protocol.ts). A data path thread never returns to its event loop: V8 does
// what it is asked as an interrupt, as soon as the thread executes JavaScript. One that sleeps in epoll_wait does not answer before its next frame: it is
// left out, since a thread that sleeps allocates nothing, and what it was asked it does when it wakes.

import { Session } from "node:inspector";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { isMainThread } from "node:worker_threads";
import { ANSWER_MS, PROBE_SOCKET, type Reply, type Request, type SamplingProfile, type ThreadReport } from "./protocol.ts";

/** Bytes between two samples, on average. Small, since what is looked for is next to nothing. */
const SAMPLING_BYTES = 256;
/** Piscina's threads are the data path; others come and go. */
const DATA_PATH = /piscina/;
const START_GC_PROFILER = "void (globalThis.benchGc = new (process.getBuiltinModule('node:v8').GCProfiler)()).start()";
const STOP_GC_PROFILER = "globalThis.benchGc.stop().statistics.length";

interface Attached {
  sessionId: string;
  workerInfo: { title: string; url: string };
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The inspector of one thread, spoken to through the main thread's. */
class Thread {
  readonly #name: string;
  readonly #session: Session;
  readonly #id: string;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #heapBefore = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(session: Session, { sessionId, workerInfo }: Attached) {
    this.#name = workerInfo.title;
    this.#session = session;
    this.#id = sessionId;
  }

  #ask<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#asked;
    const message = JSON.stringify({ id, method, params });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as T), reject });
      this.#session.post("NodeWorker.sendMessageToWorker", { sessionId: this.#id, message });
    });
  }

  /** A message from the thread: an answer, or an event that nobody waits for. */
  receive(message: string): void {
    const { id, result, error } = JSON.parse(message) as { id?: number; result?: unknown; error?: { message: string } };
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id !== undefined) this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(`${this.#name}: ${error.message}`));
    else waiting?.resolve(result);
  }

  async #heap(): Promise<number> {
    return (await this.#ask<{ usedSize: number }>("Runtime.getHeapUsage")).usedSize;
  }

  /** Begins to count, now or when the thread wakes. */
  async start(): Promise<void> {
    await within(this.#after(() => this.#start()));
  }

  /** What was allocated since; null = it sleeps. */
  async stop(): Promise<ThreadReport | null> {
    return (await within(this.#after(() => this.#stop()))) ?? null;
  }

  /** Does the next thing once the last one is done, however long the thread sleeps in between. */
  #after<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #start(): Promise<void> {
    await this.#ask("Runtime.evaluate", { expression: START_GC_PROFILER });
    this.#heapBefore = await this.#heap();
    await this.#ask("HeapProfiler.startSampling", {
      samplingInterval: SAMPLING_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  }

  async #stop(): Promise<ThreadReport> {
    const heapAfter = await this.#heap();
    // Before the profile, which collects garbage itself.
    const { result } = await this.#ask<{ result: { value: number } }>("Runtime.evaluate", { expression: STOP_GC_PROFILER });
    const { profile } = await this.#ask<{ profile: SamplingProfile }>("HeapProfiler.stopSampling");
    return { name: this.#name, profile, heapBefore: this.#heapBefore, heapAfter, collections: result.value };
  }
}

/** What the promise gives within ANSWER_MS, else undefined. */
async function within<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The data path's threads, as they come and go. */
function watchThreads(): Map<string, Thread> {
  const threads = new Map<string, Thread>();
  const session = new Session();
  session.connect();
  session.on("NodeWorker.attachedToWorker", ({ params }) => {
    const attached = params as unknown as Attached;
    if (DATA_PATH.test(attached.workerInfo.url)) threads.set(attached.sessionId, new Thread(session, attached));
  });
  session.on("NodeWorker.detachedFromWorker", ({ params }) => {
    threads.delete((params as unknown as Attached).sessionId);
  });
  session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
    const { sessionId, message } = params as unknown as { sessionId: string; message: string };
    threads.get(sessionId)?.receive(message);
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  return threads;
}

async function answer(request: Request, threads: readonly Thread[]): Promise<Reply> {
  try {
    if (threads.length === 0) return { error: "there is no data path thread" };
    if (request === "stop") return { reports: await Promise.all(threads.map((thread) => thread.stop())) };
    await Promise.all(threads.map((thread) => thread.start()));
    return { reports: [] };
  } catch (error) {
    return { error: String(error) };
  }
}

/** Serves on a UNIX socket, without keeping the agent alive. */
function serve(path: string): void {
  // From the beginning: a thread that sleeps already would not say that it is there.
  const threads = watchThreads();
  const server = createServer((connection) => {
    connection.unref();
    createInterface(connection).on("line", async (line) => {
      connection.write(`${JSON.stringify(await answer(JSON.parse(line) as Request, [...threads.values()]))}\n`);
    });
  });
  server.listen(path);
  server.unref();
}

const path = process.env[PROBE_SOCKET];
// Threads load what NODE_OPTIONS names as well.
if (isMainThread && path !== undefined) serve(path);
