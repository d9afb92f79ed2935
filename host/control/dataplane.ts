// A running data path: shared memory, tables, sockets, workers, and the clock that the core goes by. Main thread only.

import * as abi from "../../assembly/abi/index.ts";
import { Entries } from "../core/entries.ts";
import { type FloodList, writeFlood } from "../core/flood.ts";
import { Grace } from "../core/grace.ts";
import { createMemory } from "../core/layout.ts";
import { type Core, instantiate, loadCore } from "../core/module.ts";
import { Tables } from "../core/tables.ts";
import type { StaticConfig } from "../model/config.ts";
import { OperationError } from "../model/errors.ts";
import { familyOf } from "../model/ip.ts";
import { type WorkerFailure, WorkerPool } from "../worker/pool.ts";
import { closeSockets, openSockets, openTunnelTaps, type WorkerSockets } from "./sockets.ts";

/** Threads start slowly on a busy machine. */
const START_MS_MAX = 30_000;
/** How soon one that cannot start is noticed. */
const START_LOOK_MS = 100;

export class DataPlane {
  readonly memory: WebAssembly.Memory;
  readonly entries: Entries;
  readonly tables: Tables;
  readonly grace: Grace;
  readonly sockets: readonly WorkerSockets[];
  readonly pool: WorkerPool;
  readonly workers: number;
  /** What the kernel said when it was asked for underlay TAPs and had none. */
  readonly injectionRefused: Error | undefined;
  readonly #core: Core;
  readonly #header: Int32Array<ArrayBufferLike>;
  #clock: NodeJS.Timeout | undefined;
  /** Generation of each network's last flood list, and of the last rebuild: what was current before it may be in use until that is over. */
  readonly #flipped = new Map<number, number>();
  #rebuilt = 0;
  #running = false;
  /** The last worker that failed: start() looks for it. */
  #failure: WorkerFailure | undefined;

  /** Opens sockets and lays out memory; no worker runs yet. Throws OperationError with nothing left open. */
  constructor(config: StaticConfig, onFailure: (failure: WorkerFailure) => void) {
    const module = loadCore();
    this.workers = config.workers;
    this.memory = createMemory({
      workers: config.workers,
      fdbCapacity: config.fdbCapacity,
      // Neighbours are bounded as FDB entries are; every VTEP has room beside them (a table takes one and a half times its capacity).
      addressCapacity: Math.max(config.fdbCapacity, 2 * abi.VTEPS_MAX),
      features: 0,
    });
    this.#core = instantiate(module, this.memory);
    this.#header = new Int32Array(this.memory.buffer, abi.HEADER);
    this.entries = new Entries(this.memory);
    this.grace = new Grace(this.memory);
    this.tables = new Tables(this.#core, this.memory, () => this.#mayRebuild());
    const { node, backend, zeroChecksum6 } = config;
    this.sockets = openSockets(config.workers, { address: node.vtep, port: node.dataPort, gro: backend === "native", zeroChecksum6 });
    if (config.injection !== "off" && config.backend === "native") this.injectionRefused = openTunnelTaps(this.sockets);
    const pinned = config.pinWorkers && config.workers > 1;
    const common = {
      backend: config.backend,
      pinned,
      spinMicroseconds: config.spin,
      memory: this.memory,
      module,
      descriptors: this.entries.descriptors,
      family: familyOf(config.node.vtep),
    };
    const tasks = this.sockets.map(({ receiver, senders, tunnelTap, doorbell }, worker) => ({
      ...common,
      worker,
      receiver,
      senders,
      tunnelTap: tunnelTap?.fd ?? -1,
      doorbell: doorbell.fd,
    }));
    this.pool = new WorkerPool(tasks, (failure) => {
      onFailure(failure);
      this.#failure = failure;
    });
    this.#tick();
  }

  /** Starts the clock and the workers; done once every worker breathes. Rejects with OperationError when one cannot. */
  async start(): Promise<void> {
    this.#clock = setInterval(() => this.#tick(), abi.TICK_MS);
    const generation = this.grace.begin();
    this.#running = true;
    this.pool.start();
    for (const end = Date.now() + START_MS_MAX; ; ) {
      try {
        return await this.grace.seen(generation, START_LOOK_MS);
      } catch (error) {
        const { worker, message } = this.#failure ?? {};
        if (message !== undefined) throw new OperationError(`worker ${worker} cannot start: ${message}`, { cause: error });
        if (Date.now() > end) throw new OperationError(`the workers have not started within ${START_MS_MAX / 1000} s`, { cause: error });
      }
    }
  }

  /** Stops the workers: afterwards no descriptor is in use. May be called twice. */
  async stopWorkers(): Promise<void> {
    clearInterval(this.#clock);
    this.#running = false;
    await this.pool.stop();
  }

  /** Stops the workers and closes the sockets. */
  async close(): Promise<void> {
    await this.stopWorkers();
    closeSockets(this.sockets);
  }

  /** What the kernel takes, as the first TAP told. */
  setFeatures(features: number): void {
    this.#header[abi.H_FEATURES / 4] = features;
  }

  /** Makes a change known to the workers, which follow it at the top of their next breath. Resolves once all have; at once when none runs. */
  async published(): Promise<void> {
    const generation = this.grace.begin();
    if (!this.#running) return;
    this.pool.wake();
    await this.grace.seen(generation);
  }

  /** Replaces a network's flood list. */
  async setFlood(network: number, list: FloodList): Promise<void> {
    const before = this.#flipped.get(network);
    if (before !== undefined) await this.grace.over(before);
    writeFlood(this.memory, network, list);
    this.#flipped.set(network, this.grace.begin());
  }

  #mayRebuild(): boolean {
    if (!this.grace.isOver(this.#rebuilt)) return false;
    this.#rebuilt = this.grace.begin();
    return true;
  }

  #tick(): void {
    Atomics.store(this.#header, abi.H_TICK / 4, Math.floor(performance.now() / abi.TICK_MS));
  }
}
