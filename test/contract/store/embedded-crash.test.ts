// kill -9 of the process that has the store, in the middle of writes: whatever was answered is there afterwards, watches go on without a gap, and
// no lease has ended because of it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { type ClusterClient, connectStore } from "../../../host/store/client/store.ts";
import { Daemon } from "../../../lab/daemon.ts";
import { freePorts } from "../../../lab/ports.ts";
import { eventually } from "../../../lab/wait.ts";
import { Recorder } from "./suite/recorder.ts";

const PROGRAM = new URL("./embedded-server.ts", import.meta.url).pathname;
const WRITERS = 8;
/** Answers between one kill and the next. */
const ANSWERS = [40, 150, 77];
const PREFIX = "/weft/v1/test/";
/** Nobody keeps it alive: more than what a busy machine takes from one start to the next. */
const LEASE_SECONDS = 20;

/** The keys that were confirmed, and those of which nobody knows. */
class Writers {
  readonly confirmed = new Map<string, number>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[];

  constructor(stores: ClusterClient[]) {
    this.#running = stores.map((store, lane) => this.#write(store, lane));
  }

  async #write(store: ClusterClient, lane: number): Promise<void> {
    for (let n = 0; !this.#stop.signal.aborted; n++) {
      const key = `${PREFIX}${lane}/${n}`;
      try {
        const { revision } = await store.commit([], [{ put: key, value: key }]);
        this.confirmed.set(key, revision);
      } catch (error) {
        if (!(error instanceof StoreError) || error.failure !== "unavailable") throw error;
      }
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }
}

test("what was answered outlives kill -9, and so do watches and leases", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-crash-"));
  const [port] = await freePorts(1);
  const start = async () => {
    const daemon = new Daemon([process.execPath, PROGRAM, join(folder, "store.db"), String(port)]);
    await daemon.waitFor(/^ready$/m, "stdout", 20_000);
    return daemon;
  };
  let server = await start();
  const stores = Array.from({ length: WRITERS + 1 }, () => connectStore({ tls: null, endpoints: () => [`127.0.0.1:${port}`] }));
  const [store, ...lanes] = stores;
  try {
    const recorder = new Recorder();
    store.watch(PREFIX, recorder);
    const lease = await store.grantLease(LEASE_SECONDS);
    await store.commit([], [{ put: "/weft/v1/alive", value: "", lease: lease.id }]);
    const writers = new Writers(lanes);
    for (const answers of ANSWERS) {
      const before = writers.confirmed.size;
      await eventually(`${answers} answers`, () => writers.confirmed.size >= before + answers, 20_000);
      await server.kill();
      server = await start();
    }
    await writers.stop();
    const { entries } = await store.list(PREFIX);
    const revisions = new Map(entries.map(({ key, modRevision }) => [key, modRevision]));
    expect([...writers.confirmed].filter(([key, revision]) => revisions.get(key) !== revision)).toEqual([]);
    await recorder.has(entries);
    expect([recorder.faults, recorder.snapshots.length]).toEqual([[], 1]);
    expect(await store.keepLease(lease.id)).toBe(LEASE_SECONDS);
    expect((await store.get("/weft/v1/alive"))?.lease).toBe(lease.id);
  } finally {
    for (const one of stores) one.close();
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
