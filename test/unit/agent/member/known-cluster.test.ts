import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { knowCluster } from "../../../../host/agent/member/known-cluster.ts";
import { CLUSTER_KEY, PROBE_SECRET_KEY } from "../../../../host/model/cluster/keys.ts";
import { StoreError } from "../../../../host/model/cluster/store.ts";
import { OperationError } from "../../../../host/model/errors.ts";
import { Engine } from "../../../../host/store/embedded/engine.ts";
import { EngineStore } from "../../../../host/store/embedded/engine-store.ts";

let directory: string;
let store: EngineStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-known-"));
  store = new EngineStore(new Engine({ file: ":memory:", nowMs: () => 0 }));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const RECORD = { id: "c1", createdAt: "2026-01-01T00:00:00.000Z", dataPort: 4790, pools: [] };
const PROBE = { key: "c2VjcmV0" };

async function found(): Promise<void> {
  await store.commit(
    [],
    [
      { put: CLUSTER_KEY, value: JSON.stringify(RECORD) },
      { put: PROBE_SECRET_KEY, value: JSON.stringify(PROBE) },
    ],
  );
}

test("is asked of a manager, and known without one from then on", async () => {
  await found();
  const first = await knowCluster(store, directory);
  expect(first.known).toEqual({ record: RECORD, probe: PROBE });
  expect(await first.degraded).toBeNull();
  expect(statSync(join(directory, "cluster.json")).mode & 0o777).toBe(0o600);
  store.cut("no manager answers (tried x)");
  const second = await knowCluster(store, directory);
  expect(second.known).toEqual({ record: RECORD, probe: PROBE });
  expect(await second.degraded).toBe("no manager answers (tried x)");
});

test("never known and nobody to ask: the line says who was asked", async () => {
  store.cut("no manager answers (tried x)");
  await expect(knowCluster(store, directory)).rejects.toThrow("no manager answers (tried x)");
  writeFileSync(join(directory, "cluster.json"), "{");
  await expect(knowCluster(store, directory)).rejects.toThrow("no manager answers (tried x)");
});

test("a store without a cluster is told", async () => {
  await expect(knowCluster(store, directory)).rejects.toThrow("the store has no cluster");
});

test("what was kept is gone on with at once, and confirmed meanwhile", async () => {
  await found();
  await knowCluster(store, directory);
  const answers = Promise.withResolvers<void>();
  const slow = { get: (key: string) => answers.promise.then(() => store.get(key)) };
  const { known, degraded } = await knowCluster(slow, directory);
  expect(known.record).toEqual(RECORD);
  answers.resolve();
  expect(await degraded).toBeNull();
});

test("another secret than the one that was gone on with is told, and known at the next start", async () => {
  await found();
  await knowCluster(store, directory);
  await store.commit([], [{ put: PROBE_SECRET_KEY, value: JSON.stringify({ key: "b3RoZXI=" }) }]);
  const { degraded } = await knowCluster(store, directory);
  await expect(degraded).rejects.toThrow("another secret for probes");
  expect((await knowCluster(store, directory)).known.probe.key).toBe("b3RoZXI=");
});

test("a member that was removed is told so, although it knew its cluster", async () => {
  await found();
  await knowCluster(store, directory);
  const removed = { get: () => Promise.reject(new StoreError("unauthenticated", "node b was removed from the cluster")) };
  await expect((await knowCluster(removed, directory)).degraded).rejects.toThrow(OperationError);
});
