// The store behind managers: the embedded engine on a file in memory that outlives its process, or the same engine in the part of a real etcd, which
// no manager's end touches. Whatever is changed in it passes by here, so that invariants are looked at after each transaction.

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { WatchEvent } from "../../../host/model/cluster/store.ts";
import { eventOf } from "../../../host/store/client/translate.ts";
import { Engine } from "../../../host/store/embedded/engine.ts";
import { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import { CompactionRequestSchema } from "../../../host/store/generated/rpc_pb.js";
import type { Random } from "../../oracle/random.ts";
import type { VirtualTime } from "./virtual.ts";

const EXPIRE_MS = 250;

export class Backend {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #directory: string;
  #engine: Engine | null = null;
  /** Restored ones are other stores. */
  #generation = 0;
  /** Told of each transaction's changes. */
  onCommit: (events: WatchEvent[]) => void = () => {};

  constructor(time: VirtualTime, random: Random, directory: string) {
    this.#time = time;
    this.#random = random;
    this.#directory = directory;
    const expire = () => {
      time.after(EXPIRE_MS, expire);
      if (this.#engine) this.#expire(this.#engine);
    };
    expire();
  }

  get running(): boolean {
    return this.#engine !== null;
  }

  get generation(): number {
    return this.#generation;
  }

  start(): void {
    this.#engine = new Engine({ file: this.#file(), nowMs: () => this.#time.now, random: (bytes) => this.#random.bytes(bytes) });
  }

  /** As kill -9 does it: what was answered is on the disk. */
  stop(): void {
    this.#engine?.close();
    this.#engine = null;
  }

  /** An empty store in its place. */
  replace(): void {
    this.stop();
    this.#generation++;
    for (const end of ["", "-wal", "-shm"]) if (existsSync(this.#file() + end)) rmSync(this.#file() + end);
  }

  /** History up to now is forgotten: who watches from further back is told so. */
  compact(): void {
    const engine = this.#engine;
    if (engine) engine.run([{ method: "compact", request: create(CompactionRequestSchema, { revision: engine.revision }) }]);
  }

  /** A client that works on whichever engine runs at the time. */
  client(): EngineStore {
    const backend = this;
    const engine = {
      get revision() {
        return backend.#running().revision;
      },
      run: (calls: Parameters<Engine["run"]>[0]) => {
        const outcomes = backend.#running().run(calls);
        backend.#collect(backend.#running());
        return outcomes;
      },
      expire: () => backend.#expire(backend.#running()),
      takeCommits: () => [],
      history: (...given: Parameters<Engine["history"]>) => backend.#running().history(...given),
    };
    return new EngineStore(engine as unknown as Engine);
  }

  #running(): Engine {
    if (!this.#engine) throw new Error("the store does not run");
    return this.#engine;
  }

  #expire(engine: Engine): void {
    engine.expire();
    this.#collect(engine);
  }

  #collect(engine: Engine): void {
    for (const { events } of engine.takeCommits()) this.onCommit(events.map(eventOf));
  }

  #file(): string {
    return join(this.#directory, `store-${this.#generation}.db`);
  }
}
