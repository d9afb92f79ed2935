// Containers of this host: a record (record.ts), a network namespace (namespace.ts) and a process held by its shim (shim.pl). All of it outlives the agent;
// under systemd its unit needs KillMode=process, or the shims are killed with it.
//
//   create ── record, namespace ── start ── shim, command ── ends ── discard ── namespace gone ── remove ── nothing left
//
// Each step is on disk before the next, so that after an agent's sudden end recover() finds every container running, ended, or to be undone.
// Main thread.

import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LogLine } from "../model/cluster/answers.ts";
import { newLongId, SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import { messageOf, OperationError, UsageError } from "../model/errors.ts";
import { execPrefix } from "./exec.ts";
import { Exits } from "./exits.ts";
import { type LogOptions, readLog } from "./log.ts";
import { checkName, randomName } from "./names.ts";
import { makeNamespace, removeNamespace, repinNamespace, sandboxPath } from "./namespace.ts";
import { addRecord, type ContainerRecord, changeRecord, readRecords, removeRecord } from "./record.ts";
import { hostResolvConf, hostsFile } from "./resolver.ts";
import { abandonRun, isGone, type Run, readRun, writeExit } from "./run.ts";
import { StartError, startShim } from "./shim.ts";
import { checkWish, environmentOf, hostnameOf, type Wish } from "./wish.ts";

const CONTAINERS_MAX = 4096;
/** Docker's. */
const GRACE_MS = 10_000;
const KILL_MS = 30_000;
const POLL_MS = 10;
/** What a shim passes on, besides SIGKILL, which ends it and all with it. */
const SIGNALS = new Set("HUP INT QUIT USR1 USR2 TERM CONT WINCH ALRM IO PWR TTIN TTOU TSTP URG KILL".split(" "));

export interface Container<Network = unknown> {
  record: ContainerRecord<Network>;
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

export interface Recovered<Network> {
  running: Container<Network>[];
  /** Ended, and not discarded: release what they hold, then discard(). */
  ended: Container<Network>[];
  /** Neither wholly made nor wholly removed: release what they hold and remove() them by force. */
  undo: Container<Network>[];
}

export interface RemoveOptions<Network> {
  /** Also when it runs: SIGTERM, then SIGKILL. */
  force?: boolean;
  /** Gives back what it holds elsewhere, once nothing runs any more; when it rejects, the record stays, and recover() tells it again. */
  release?: (container: Container<Network>) => Promise<void>;
}

export class Containers<Network = unknown> {
  readonly #root: string;
  readonly #log: ContainersOptions["log"];
  readonly #now: () => string;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #graceMs: number;
  readonly #step: (step: string) => void;
  readonly #records = new Map<string, ContainerRecord<Network>>();
  readonly #exits = new Exits((id) => this.#look(id));
  /** Running, as far as is known. */
  readonly #running = new Set<string>();
  readonly #waiting = new Map<string, Set<(end: number | Error) => void>>();
  readonly #handlers: ((container: Container<Network>) => void)[] = [];
  readonly #removals = new Map<string, Promise<void>>();
  readonly #starting = new Set<string>();

  constructor(options: ContainersOptions) {
    const { directory, log, now = () => new Date(), random = randomBytes, graceMs = GRACE_MS, onStep = () => {} } = options;
    this.#root = directory;
    this.#log = log;
    this.#now = () => now().toISOString();
    this.#random = random;
    this.#graceMs = graceMs;
    this.#step = onStep;
  }

  /** To be called once, before anything else. */
  async recover(): Promise<Recovered<Network>> {
    const found: Recovered<Network> = { running: [], ended: [], undo: [] };
    const broken = (directory: string, why: string) =>
      this.#log.warn({ directory, why }, "a container's record cannot be read: left alone");
    for (const record of readRecords<Network>(this.#root, broken)) {
      const { id } = record;
      this.#records.set(id, record);
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
        this.#follow(id);
      }
      if (container.run.state === "creating") continue;
      if (record.removing) found.undo.push(container);
      else if (container.run.state === "running") found.running.push(container);
      else if (!record.discarded) found.ended.push(container);
    }
    return found;
  }

  /** All, oldest first. */
  list(): Container<Network>[] {
    const records = [...this.#records.values()].sort((a, b) => (a.created < b.created ? -1 : 1));
    return records.map((record) => this.#container(record));
  }

  /** By id, name or unique beginning of an id, in Docker's order. Throws OperationError. */
  get(reference: string): Container<Network> {
    const exact = this.#records.get(reference) ?? this.#named(reference);
    if (exact) return this.#container(exact);
    const matches = [...this.#records.values()].filter(({ id }) => reference !== "" && id.startsWith(reference));
    if (matches.length > 1) throw new OperationError(`${reference}: ${matches.length} containers have an id that begins so`);
    if (matches.length === 0) throw new OperationError(`no such container: ${reference}`);
    return this.#container(matches[0]);
  }

  /** Makes the record and the namespace. Rejects with UsageError or OperationError; then nothing is left of it. */
  async create(wish: Wish<Network>): Promise<Container<Network>> {
    checkWish(wish);
    if (wish.name !== undefined) checkName(wish.name);
    if (this.#records.size >= CONTAINERS_MAX) throw new OperationError(`there are ${CONTAINERS_MAX} containers already: remove some`);
    const id = newLongId(this.#random);
    const name = wish.name ?? randomName(this.#random, (candidate) => this.#named(candidate) !== undefined);
    const holder = this.#named(name);
    if (holder)
      throw new OperationError(
        `the container name ${name} is in use by container ${holder.id.slice(0, SHORT_ID_CHARACTERS)}: remove that one, or choose another name`,
      );
    const record: ContainerRecord<Network> = {
      ...{ id, name, hostname: hostnameOf(id), command: [...wish.command], environment: environmentOf(wish, hostnameOf(id)) },
      ...{ workingDirectory: wish.workingDirectory ?? "/", labels: { ...wish.labels }, networks: [...(wish.networks ?? [])] },
      ...{ created: this.#now(), removing: false, discarded: false },
    };
    this.#step("record");
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    addRecord(this.#root, record);
    this.#records.set(id, record);
    try {
      this.#step("namespace");
      await makeNamespace(id);
    } catch (error) {
      await this.remove(id);
      throw error;
    }
    return this.#container(record);
  }

  /** What its networks are now, for the caller to find again. */
  setNetworks(id: string, networks: readonly Network[]): void {
    this.#change(id, { networks: [...networks] });
  }

  /**
   * Runs the command; resolves when it runs (or has run). `resolvConf`, `hosts`: its /etc/resolv.conf and /etc/hosts; by default like the host's. Rejects
   * with StartError, after which it has exited with that status.
   */
  async start(id: string, files: { resolvConf?: string; hosts?: string } = {}): Promise<Container<Network>> {
    const { record, run, directory, netnsPath } = this.get(id);
    if (run.state !== "creating" || run.abandoned || record.removing || this.#starting.has(id))
      throw new OperationError(`container ${record.name} was started before: a container runs once`);
    this.#step("files");
    writeFileSync(join(directory, "resolv.conf"), files.resolvConf ?? hostResolvConf());
    writeFileSync(join(directory, "hosts"), files.hosts ?? hostsFile(record.hostname));
    this.#step("shim");
    this.#starting.add(id);
    try {
      const started = startShim(directory, netnsPath, record);
      this.#step("starting");
      await started;
    } catch (error) {
      if (this.#records.has(id)) {
        writeExit(directory, error instanceof StartError ? error.status : 125, messageOf(error), this.#now());
        this.#kill(id, "SIGKILL");
      }
      throw error;
    } finally {
      this.#starting.delete(id);
    }
    this.#step("started");
    if (!this.#records.has(id)) throw new OperationError(`container ${record.name} was removed while it was being started`);
    this.#follow(id);
    return this.get(id);
  }

  /** Sends a signal to the command (SIGKILL: to all in there). `signal`: SIGTERM, TERM or 15. Throws UsageError or OperationError. */
  signal(id: string, signal: string): void {
    const { record, run } = this.get(id);
    const name = signalName(signal);
    if (run.state !== "running") throw new OperationError(`container ${record.name} is not running`);
    this.#kill(id, name);
  }

  /** Its exit code, once it has ended. Rejects when `gone` is aborted first. */
  wait(id: string, gone?: AbortSignal): Promise<number> {
    const { run } = this.get(id);
    if (run.state === "exited") return Promise.resolve(run.exitCode);
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    return new Promise((resolve, reject) => {
      const stop = () => done(gone?.reason);
      const done = (end: number | Error) => {
        waiting.delete(done);
        gone?.removeEventListener("abort", stop);
        if (typeof end === "number") resolve(end);
        else reject(end);
      };
      waiting.add(done);
      gone?.addEventListener("abort", stop, { once: true });
      if (gone?.aborted) stop();
    });
  }

  /** Calls `handler`, which must not throw, whenever one that ran has ended. */
  onExit(handler: (container: Container<Network>) => void): void {
    this.#handlers.push(handler);
  }

  /** Its output so far, and with `follow` what is to come until it ends. */
  async *logs(id: string, options: LogOptions): AsyncGenerator<LogLine> {
    const { directory } = this.get(id);
    const stop = new AbortController();
    const ended = options.follow ? this.wait(id, stop.signal) : Promise.resolve(0);
    const reached = () => !this.#records.has(id) || this.#run(id).state === "exited";
    try {
      yield* readLog(join(directory, "log"), options, { reached, promise: ended.catch(() => {}) });
    } finally {
      stop.abort();
    }
  }

  /** The words before a command that run it in there. Throws OperationError. */
  execPlan(id: string, environment: readonly string[] = []): string[] {
    const { record, run } = this.get(id);
    if (run.state !== "running") throw new OperationError(`container ${record.name} is not running`);
    return execPrefix(record, run.pid, environment);
  }

  /** Removes the namespace of one that has ended: to be called when what is in there has been released. Rejects with OperationError. */
  async discard(id: string): Promise<void> {
    const { record, run } = this.get(id);
    if (run.state !== "exited") throw new OperationError(`container ${record.name} has not ended`);
    this.#step("discard");
    await removeNamespace(id);
    this.#change(id, { discarded: true });
  }

  /** Ends what runs, if `force` allows it, and leaves nothing; done when it is not there. Rejects with OperationError. */
  remove(id: string, options: RemoveOptions<Network> = {}): Promise<void> {
    const before = this.#removals.get(id);
    if (before) return before;
    const removal = this.#remove(id, options).finally(() => this.#removals.delete(id));
    this.#removals.set(id, removal);
    return removal;
  }

  /** Hears and waits of nothing more; what runs runs on. */
  close(): void {
    this.#exits.close();
    this.#running.clear();
  }

  async #remove(id: string, { force = false, release }: RemoveOptions<Network>): Promise<void> {
    const record = this.#records.get(id);
    if (!record) return;
    const directory = join(this.#root, id);
    if (this.#run(id).state === "running" && !force)
      throw new OperationError(`container ${record.name} is running: stop it, or remove it by force (-f)`);
    this.#step("removing");
    this.#change(id, { removing: true });
    // One that is being started now is either kept from it, or runs.
    if (this.#run(id).state === "creating") abandonRun(directory);
    await this.#end(id, directory);
    this.#step("release");
    await release?.(this.get(id));
    this.#step("namespace gone");
    await removeNamespace(id);
    this.#step("record gone");
    this.#forget(id);
    removeRecord(this.#root, id);
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
    this.#look(id);
  }

  #container(record: ContainerRecord<Network>): Container<Network> {
    const { id } = record;
    return { record, run: this.#run(id), directory: join(this.#root, id), netnsPath: sandboxPath(id) };
  }

  #run(id: string): Run {
    return readRun(join(this.#root, id), this.#now);
  }

  #named(name: string): ContainerRecord<Network> | undefined {
    return [...this.#records.values()].find((record) => record.name === name);
  }

  #change(id: string, changes: Partial<ContainerRecord<Network>>): void {
    const record = { ...this.get(id).record, ...changes };
    changeRecord(this.#root, record);
    this.#records.set(id, record);
  }

  #follow(id: string): void {
    this.#running.add(id);
    this.#exits.watch(id, join(this.#root, id));
    this.#look(id);
  }

  #look(id: string): void {
    if (!this.#running.has(id)) return;
    let run: Run;
    try {
      run = this.#run(id);
    } catch (error) {
      // The slow look comes again.
      this.#log.warn({ id, why: messageOf(error) }, "a container's state cannot be read");
      return;
    }
    if (run.state !== "exited") return;
    this.#running.delete(id);
    this.#exits.forget(id);
    this.#settle(id, run.exitCode);
    for (const handler of this.#handlers) handler(this.get(id));
  }

  #forget(id: string): void {
    this.#records.delete(id);
    this.#running.delete(id);
    this.#exits.forget(id);
    this.#settle(id, new OperationError(`container ${id.slice(0, SHORT_ID_CHARACTERS)} was removed`));
  }

  #settle(id: string, end: number | Error): void {
    for (const done of this.#waiting.get(id) ?? []) done(end);
    this.#waiting.delete(id);
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

/** Throws UsageError. */
function signalName(text: string): NodeJS.Signals {
  const number = Object.entries(constants.signals).find(([, value]) => String(value) === text)?.[0];
  const name = (number ?? text).toUpperCase().replace(/^SIG/, "");
  if (!SIGNALS.has(name)) throw new UsageError(`signal ${text}: expected one of ${[...SIGNALS].join(", ")}`);
  return `SIG${name}` as NodeJS.Signals;
}
