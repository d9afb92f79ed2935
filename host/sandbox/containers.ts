// Containers of this host: a record (record.ts), a network namespace (namespace.ts) and a process held by its shim (shim.pl). All of it outlives the agent;
// under systemd its unit needs KillMode=process, or the shims are killed with it.
//
//   create ── record, namespace ── start ── shim, command ── ends ── discard ── namespace gone ── remove ── nothing left
//
// Each step is on disk before the next, so that after an agent's sudden end recover() finds every container running, ended, or to be undone.
// Main thread.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LogLine } from "../model/cluster/answers.ts";
import { newLongId, SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import { messageOf, OperationError, StartError } from "../model/errors.ts";
import { Book } from "./book.ts";
import { Ends } from "./ends.ts";
import { type LogOptions, readLog } from "./log.ts";
import { checkName, randomName } from "./names.ts";
import { makeNamespace, removeNamespace, repinNamespace, sandboxPath } from "./namespace.ts";
import type { ContainerRecord } from "./record.ts";
import { hostsFile, writeNames } from "./resolver.ts";
import { abandonRun, isGone, type Run, readRun, writeExit } from "./run.ts";
import { startShim } from "./shim.ts";
import { signalName } from "./signals.ts";
import { checkWish, environmentOf, hostnameOf, type Wish } from "./wish.ts";

const CONTAINERS_MAX = 4096;
/** Docker's. */
const GRACE_MS = 10_000;
const KILL_MS = 30_000;
const POLL_MS = 10;

export interface Container {
  record: ContainerRecord;
  run: Run;
  /** Of its files. */
  directory: string;
  netnsPath: string;
}

export interface ContainersOptions {
  /** `STATE-DIR/containers`; made when it is not there. One process at a time may use it. */
  directory: string;
  log: { warn(what: object, message: string): void };
  now?: () => Date;
  random?: (bytes: number) => Uint8Array;
  /** How long SIGTERM may take to end a container that is removed by force, before SIGKILL. */
  graceMs?: number;
  /** For tests: called before each step that changes something outside the process. */
  onStep?: (step: string) => void;
}

export interface Recovered {
  running: Container[];
  /** Ended, and not discarded: release what they hold, then discard(). */
  ended: Container[];
  /** Neither wholly made nor wholly removed: release what they hold and remove() them by force. */
  undo: Container[];
}

export interface RemoveOptions {
  /** Also when it runs: SIGTERM, then SIGKILL. */
  force?: boolean;
  /** Gives back what it holds elsewhere, once nothing runs any more; when it rejects, the record stays, and recover() tells it again. */
  release?: () => Promise<void>;
}

export class Containers {
  readonly #root: string;
  readonly #log: ContainersOptions["log"];
  readonly #now: () => string;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #graceMs: number;
  readonly #step: (step: string) => void;
  readonly #book: Book;
  readonly #ends: Ends;
  readonly #handlers: ((container: Container) => void)[] = [];
  readonly #removals = new Map<string, Promise<void>>();
  readonly #starting = new Set<string>();
  /** Namespaces that are being made: one that is removed meanwhile is removed after. */
  readonly #making = new Map<string, Promise<void>>();

  constructor(options: ContainersOptions) {
    const { directory, log, now = () => new Date(), random = randomBytes, graceMs = GRACE_MS, onStep = () => {} } = options;
    this.#root = directory;
    this.#book = new Book(directory);
    const tell = (id: string) => {
      for (const handler of this.#handlers) handler(this.get(id));
    };
    const trouble = (id: string, why: string) => log.warn({ id, why }, "a container's state cannot be read");
    this.#ends = new Ends((id) => this.#run(id), tell, trouble);
    this.#log = log;
    this.#now = () => now().toISOString();
    this.#random = random;
    this.#graceMs = graceMs;
    this.#step = onStep;
  }

  /** To be called once, before anything else. */
  async recover(): Promise<Recovered> {
    const found: Recovered = { running: [], ended: [], undo: [] };
    const broken = (directory: string, why: string) =>
      this.#log.warn({ directory, why }, "a container's record cannot be read: left alone");
    this.#book.load(broken);
    for (const record of this.#book.all) {
      const { id } = record;
      const container = this.#container(record);
      // A start may still be under way: whoever makes the `pid` file decides.
      if (container.run.state === "creating") {
        if (abandonRun(container.directory)) found.undo.push(container);
        else container.run = this.#run(id);
      }
      if (container.run.state === "running") {
        await repinNamespace(id, container.run.pid).catch((error) =>
          this.#log.warn({ id, why: messageOf(error) }, "namespace not found by name"),
        );
        this.#ends.follow(id, container.directory);
      }
      if (container.run.state === "creating") continue;
      if (record.removing) found.undo.push(container);
      else if (container.run.state === "running") found.running.push(container);
      else if (!record.discarded) found.ended.push(container);
    }
    return found;
  }

  /** All, oldest first. */
  list(): Container[] {
    return this.#book.all.map((record) => this.#container(record));
  }

  /** By id. */
  has(id: string): boolean {
    return this.#book.has(id);
  }

  /** By id, name or unique beginning of an id, in Docker's order. Throws OperationError. */
  get(reference: string): Container {
    return this.#container(this.#book.find(reference));
  }

  /** Makes the record and the namespace. Rejects with UsageError or OperationError; then nothing is left of it. */
  async create(wish: Wish): Promise<Container> {
    checkWish(wish);
    if (wish.name !== undefined) checkName(wish.name);
    if (this.#book.size >= CONTAINERS_MAX) throw new OperationError(`there are ${CONTAINERS_MAX} containers already: remove some`);
    const id = newLongId(this.#random);
    const name = wish.name ?? randomName(this.#random, (candidate) => this.#book.named(candidate) !== undefined);
    const holder = this.#book.named(name);
    if (holder)
      throw new OperationError(
        `the container name ${name} is in use by container ${holder.id.slice(0, SHORT_ID_CHARACTERS)}: remove that one, or choose another name`,
      );
    const record: ContainerRecord = {
      ...{ id, name, hostname: hostnameOf(id), command: [...wish.command], environment: environmentOf(wish, hostnameOf(id)) },
      ...{ workingDirectory: wish.workingDirectory ?? "/", labels: { ...wish.labels } },
      ...{ created: this.#now(), removing: false, discarded: false },
    };
    this.#step("record");
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    this.#book.add(record);
    try {
      this.#step("namespace");
      const made = makeNamespace(id);
      this.#making.set(
        id,
        made.catch(() => {}).finally(() => this.#making.delete(id)),
      );
      await made;
    } catch (error) {
      await this.remove(id);
      throw error;
    }
    return this.#container(record);
  }

  /**
   * Runs the command; resolves when it runs (or has run). `addresses`: what its own name stands for in its /etc/hosts. Rejects with StartError, after which it
   * has exited with that status.
   */
  async start(id: string, addresses: readonly string[] = []): Promise<Container> {
    const { record, run, directory, netnsPath } = this.get(id);
    if (run.state !== "creating" || run.abandoned || record.removing || this.#starting.has(id))
      throw new OperationError(`container ${record.name} was started before: a container runs once`);
    this.#step("files");
    writeNames(directory, record.hostname, addresses);
    this.#step("shim");
    this.#starting.add(id);
    try {
      const started = startShim(directory, netnsPath, record);
      this.#step("starting");
      await started;
    } catch (error) {
      if (this.#book.has(id)) {
        writeExit(directory, error instanceof StartError ? error.exitCode : 125, messageOf(error), this.#now());
        this.#kill(id, "SIGKILL");
      }
      throw error;
    } finally {
      this.#starting.delete(id);
    }
    this.#step("started");
    if (!this.#book.has(id)) throw new OperationError(`container ${record.name} was removed while it was being started`);
    this.#ends.follow(id, directory);
    return this.get(id);
  }

  /** What its own name stands for from now on, in the /etc/hosts that it was started with. Throws what the file system does. */
  address(id: string, addresses: readonly string[]): void {
    if (!this.#book.has(id)) return;
    const { record, directory } = this.get(id);
    const path = join(directory, "hosts");
    if (!existsSync(path)) return;
    const text = hostsFile(record.hostname, addresses, readFileSync(path, "utf8"));
    // In its place, since it is mounted; and on the disk's blocks that it has, since there may be no others.
    writeFileSync(path, text, { flag: "r+" });
    truncateSync(path, Buffer.byteLength(text));
  }

  /** Sends a signal to the command (SIGKILL: to all in there). `signal`: SIGTERM, TERM or 15. Throws UsageError or OperationError. */
  signal(id: string, signal: string): void {
    const { record, run } = this.get(id);
    const name = signalName(signal);
    if (run.state !== "running") throw new OperationError(`container ${record.name} is not running`);
    this.#kill(id, name);
  }

  /** Throws OperationError when it has ended, or is being removed. */
  refuseGone(id: string): void {
    const { record, run } = this.get(id);
    if (record.removing) throw new OperationError(`container ${record.name} is being removed`);
    if (run.state === "exited") throw new OperationError(`container ${record.name} has ended`);
  }

  /** Its exit code, once it has ended and those who are to know (onExit) have been told. Rejects when `gone` is aborted first. */
  wait(id: string, gone?: AbortSignal): Promise<number> {
    const { run } = this.get(id);
    if (run.state === "exited") {
      this.#ends.look(id);
      return Promise.resolve(run.exitCode);
    }
    return this.#ends.wait(id, gone);
  }

  /** Calls `handler`, which must not throw, whenever one that ran has ended. */
  onExit(handler: (container: Container) => void): void {
    this.#handlers.push(handler);
  }

  /** Its output so far, and with `follow` what is to come until it ends. */
  async *logs(id: string, options: LogOptions): AsyncGenerator<LogLine> {
    const { directory } = this.get(id);
    const stop = new AbortController();
    const ended = options.follow ? this.wait(id, stop.signal) : Promise.resolve(0);
    const reached = () => !this.#book.has(id) || this.#run(id).state === "exited";
    try {
      yield* readLog(join(directory, "log"), options, { reached, promise: ended.catch(() => {}) });
    } finally {
      stop.abort();
    }
  }

  /** Removes the namespace of one that has ended: to be called when what is in there has been released. Rejects with OperationError. */
  async discard(id: string): Promise<void> {
    const { record, run } = this.get(id);
    if (run.state !== "exited") throw new OperationError(`container ${record.name} has not ended`);
    this.#step("discard");
    await removeNamespace(id);
    this.#book.change(id, { discarded: true });
  }

  /** Ends what runs, if `force` allows it, and leaves nothing; done when it is not there. Rejects with OperationError. */
  remove(id: string, options: RemoveOptions = {}): Promise<void> {
    const before = this.#removals.get(id);
    if (before) return before;
    const removal = this.#remove(id, options).finally(() => this.#removals.delete(id));
    this.#removals.set(id, removal);
    return removal;
  }

  /** Hears and waits of nothing more; what runs runs on. */
  close(): void {
    this.#ends.close();
  }

  async #remove(id: string, { force = false, release }: RemoveOptions): Promise<void> {
    if (!this.#book.has(id)) return;
    const { record, run, directory } = this.get(id);
    if (run.state === "running" && !force)
      throw new OperationError(`container ${record.name} is running: stop it, or remove it by force (-f)`);
    this.#step("removing");
    this.#book.change(id, { removing: true });
    // One that is being started now is either kept from it, or runs.
    if (this.#run(id).state === "creating") abandonRun(directory);
    await this.#end(id, directory);
    this.#step("release");
    await release?.();
    await this.#making.get(id);
    this.#step("namespace gone");
    await removeNamespace(id);
    this.#step("record gone");
    this.#ends.forget(id, new OperationError(`container ${record.name} was removed`));
    this.#book.remove(id);
  }

  async #end(id: string, directory: string): Promise<void> {
    for (const [signal, patience] of [
      ["SIGTERM", this.#graceMs],
      ["SIGKILL", KILL_MS],
    ] as const) {
      if (isGone(directory)) break;
      this.#step(signal);
      this.#kill(id, signal);
      for (const end = performance.now() + patience; !isGone(directory) && performance.now() < end; ) await delay(POLL_MS);
    }
    if (!isGone(directory))
      throw new OperationError(`container ${this.get(id).record.name} did not end within ${KILL_MS / 1000} s of SIGKILL`);
    this.#ends.look(id);
  }

  #container(record: ContainerRecord): Container {
    const { id } = record;
    return { record, run: this.#run(id), directory: join(this.#root, id), netnsPath: sandboxPath(id) };
  }

  #run(id: string): Run {
    return readRun(join(this.#root, id), this.#now);
  }

  /** Nothing happens when its shim is gone. */
  #kill(id: string, signal: NodeJS.Signals): void {
    const run = this.#run(id);
    if (run.state !== "running") return;
    try {
      process.kill(run.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
