// A cluster restored under members that live on.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join as path } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeBackup } from "../../../host/cluster/backup.ts";
import { enterStore } from "../../../host/cluster/bootstrap.ts";
import { loadEntries, restore } from "../../../host/cluster/restore.ts";
import { StateDir } from "../../../host/cluster/state-dir.ts";
import { CLUSTER_KEY, NETWORKS, NODES, networkKey, nodeKey, RESTORING_KEY, ROOT } from "../../../host/model/cluster/keys.ts";
import { connectStore } from "../../../host/store/client/store.ts";
import { Engine } from "../../../host/store/embedded/engine.ts";
import { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import { Ground, Manager } from "./manager.ts";

const ground = new Ground();
afterAll(() => ground.close());

test("the restored cluster has a new id and all that was in the old; members' certificates are good in it, and are renewed for it", async () => {
  const old = await Manager.start(ground.folder());
  const member = await ground.member(old);
  const networks = Array.from({ length: 250 }, (_, n) => ({
    put: networkKey(`n${n}`),
    value: JSON.stringify({ id: `n${n}`, pad: "x".repeat(3000) }),
  }));
  for (let at = 0; at < networks.length; at += 100) await old.store.commit([], networks.slice(at, at + 100));
  const file = path(ground.directory, "backup");
  await writeBackup(old.store, old.state, file, Date.now());
  const nodes = await old.store.list(NODES);
  await old.close();

  const directory = ground.folder();
  const state = StateDir.open(directory);
  const node = await restore(file, state, Date.now());
  state.close();
  expect(node.clusterId).not.toBe(old.record.id);
  expect(node.incarnation).toBeGreaterThan(1000);
  const restored = await ground.manager({}, directory);
  expect(restored.record).toEqual({ ...old.record, id: node.clusterId, restoredFrom: old.record.id });
  expect(restored.identity.facts()).toMatchObject({ nodeId: old.identity.nodeId, clusterId: node.clusterId });
  expect((await restored.store.list(NETWORKS)).entries).toHaveLength(250);
  expect((await restored.store.list(NODES)).entries.map(({ key, value }) => [key, value])).toEqual(
    nodes.entries.map(({ key, value }) => [key, value]),
  );
  expect(restored.state.restored()).toBe(null);

  member.node.managers = [restored.address];
  expect(JSON.parse((await member.store.get(CLUSTER_KEY))?.value ?? "").id).toBe(node.clusterId);
  expect(member.identity.facts().clusterId).toBe(old.record.id);
  await member.renew();
  expect(member.identity.facts()).toMatchObject({ nodeId: member.node.id, clusterId: node.clusterId });
  expect(await member.store.get(CLUSTER_KEY)).not.toBe(null);

  // The old cluster, should it come back, is not the renewed member's any more.
  const ghost = await ground.manager({}, old.state.path);
  const lost = connectStore({ endpoints: () => [ghost.address], tls: () => member.identity.tls(), deadlineMs: 2000 });
  await expect(lost.get(CLUSTER_KEY)).rejects.toThrow(`this is a manager of cluster ${old.record.id}, not of "${node.clusterId}"`);
  lost.close();
});

test("a load that was cut short is gone on with: what is of another is removed, and nothing of its own, not for a moment", async () => {
  const manager = await ground.manager();
  const file = path(ground.directory, "small");
  await writeBackup(manager.store, manager.state, file, Date.now());
  const state = StateDir.open(ground.folder());
  const engine = new Engine({ file: ":memory:", nowMs: () => 0 });
  ground.onClose(() => {
    state.close();
    engine.close();
  });
  const node = await restore(file, state, Date.now());
  const store = new EngineStore(engine);
  await store.commit(
    [],
    [
      { put: networkKey("another's"), value: "{}" },
      { put: nodeKey(node.id), value: "{}" },
    ],
  );
  const deleted: string[] = [];
  store.watch(ROOT, {
    onSnapshot: () => {},
    onEvents: (events) => {
      for (const event of events) if (event.type === "delete") deleted.push(event.key);
    },
  });
  await store.tick();
  const record = await enterStore(store, state, { dataPort: 1, pools: [] }, 0);
  await store.tick();
  expect(record).toMatchObject({ id: node.clusterId, restoredFrom: manager.record.id, dataPort: 4789 });
  expect(deleted).toEqual([networkKey("another's")]);
  const keys = async (of: Pick<typeof store, "list">) => (await of.list(ROOT)).entries.map(({ key }) => key);
  expect((await keys(store)).filter((key) => key !== RESTORING_KEY)).toEqual(await keys(manager.store));
  // For a while: it hangs on a lease.
  expect((await store.get(RESTORING_KEY))?.lease).not.toBe("0");
  await expect(loadEntries(store, '["/weft/v1/network/x","{}"]')).rejects.toThrow("another cluster was put into the store");
});

test("a state directory that is somebody's is refused, and so is a file that is no backup; then nothing is written", async () => {
  const manager = await ground.manager();
  await expect(restore("x", manager.state, 0)).rejects.toThrow(`state directory ${manager.state.path}: not empty`);
  const state = StateDir.open(ground.folder());
  ground.onClose(() => state.close());
  const file = path(ground.directory, "text");
  writeFileSync(file, "text");
  await expect(restore(file, state, 0)).rejects.toThrow(`${file}: not a backup of weft`);
  expect([state.node(), state.key()]).toEqual([null, null]);
});

test.each([
  ["authority", "-----BEGIN CERTIFICATE-----"],
  ["key", "-----BEGIN PRIVATE KEY-----"],
])("a file whose %s is no good leaves nothing of itself behind", async (field, value) => {
  const old = await ground.manager();
  const file = path(ground.directory, `hostile-${field}`);
  await writeBackup(old.store, old.state, file, Date.now());
  const [, first, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
  const body = `${[JSON.stringify({ ...JSON.parse(first), [field]: value }), ...lines].join("\n")}\n`;
  writeFileSync(file, `weft-backup 1 ${createHash("sha256").update(body).digest("hex")}\n${body}`);
  const state = StateDir.open(ground.folder());
  await expect(restore(file, state, Date.now())).rejects.toThrow(`${file}: cannot be restored: `);
  expect([state.key(), state.authority(), state.authorityKey(), state.node()]).toEqual([null, null, null, null]);
  state.close();
});
