import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { knowCluster } from "../../../../host/agent/member/known-cluster.ts";
import { CLUSTER_KEY, PROBE_SECRET_KEY } from "../../../../host/model/cluster/keys.ts";
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
  expect(await knowCluster(store, directory)).toEqual({ known: { record: RECORD, probe: PROBE }, degraded: null });
  expect(statSync(join(directory, "cluster.json")).mode & 0o777).toBe(0o600);
  store.cut("no manager answers (tried x)");
  expect(await knowCluster(store, directory)).toEqual({
    known: { record: RECORD, probe: PROBE },
    degraded: "no manager answers (tried x)",
  });
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
