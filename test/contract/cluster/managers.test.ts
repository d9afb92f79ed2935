// Several managers on one real etcd: what one gives out, the other knows.

import { join as path } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeBackup } from "../../../host/cluster/backup.ts";
import { join } from "../../../host/cluster/join.ts";
import { restore } from "../../../host/cluster/restore.ts";
import { StateDir } from "../../../host/cluster/state-dir.ts";
import { aliveKey, CLUSTER_KEY, NODES, nodeKey, ROOT } from "../../../host/model/cluster/keys.ts";
import { connectStore } from "../../../host/store/client/store.ts";
import { EtcdBackend } from "../../../host/store/etcd/backend.ts";
import { Etcd } from "../../../lab/etcd.ts";
import { freePorts } from "../../../lab/ports.ts";
import { eventually } from "../../../lab/wait.ts";
import { Ground, type Manager } from "./manager.ts";

const ground = new Ground();
let etcd: Etcd;
let first: Manager;
let second: Manager;

const options = () => ({ embedded: false, backend: async () => new EtcdBackend({ endpoints: etcd.endpoints, tls: null }) });

beforeAll(async () => {
  etcd = await Etcd.start();
  ground.onClose(() => etcd.stop());
  first = await ground.manager(options());
  const directory = ground.folder();
  const state = StateDir.open(directory);
  const [port] = await freePorts(1);
  const manager = `127.0.0.1:${port}`;
  await join(state, await ground.joining(first, { token: await first.token("manager"), manager }));
  state.close();
  second = await ground.manager({ ...options(), port }, directory);
});
afterAll(() => ground.close());

test("a host joins at either, and is a member at both", async () => {
  expect(second.record).toEqual(first.record);
  const one = await ground.member(first);
  const other = await ground.member(second);
  expect(new Set(one.node.managers)).toEqual(new Set([first.address, second.address]));
  for (const manager of [first, second]) {
    for (const { node, identity } of [one, other]) {
      const store = connectStore({ endpoints: () => [manager.address], tls: () => identity.tls(), deadlineMs: 3000 });
      await eventually(`${node.name} to be known`, async () => (await store.get(CLUSTER_KEY)) !== null);
      store.close();
    }
  }
});

test("a lease that one manager gave out is kept at the other, by its node only", async () => {
  const member = await ground.member(first);
  const other = await ground.member(first);
  const at = (identity: typeof member.identity) => {
    const store = connectStore({ endpoints: () => [second.address], tls: () => identity.tls(), deadlineMs: 3000 });
    ground.onClose(() => store.close());
    return store;
  };
  const { id } = await member.store.grantLease(60);
  await member.store.commit([], [{ put: aliveKey(member.node.id), value: JSON.stringify({ incarnation: 1 }), lease: id }]);
  await eventually("the members to be known", () => second.members.standing(other.node.id) === "member");
  expect(await at(member.identity).keepLease(id)).toBe(60);
  await expect(at(other.identity).keepLease(id)).rejects.toMatchObject({ failure: "denied" });
});

test("a node that is removed at one is refused at both", async () => {
  const member = await ground.member(first);
  const store = connectStore({ endpoints: () => [second.address], tls: () => member.identity.tls(), deadlineMs: 3000 });
  ground.onClose(() => store.close());
  await eventually("the member to be known", async () => (await store.get(CLUSTER_KEY)) !== null);
  await first.store.commit([], [{ delete: nodeKey(member.node.id) }]);
  await eventually("it to be refused", async () => {
    const error = await store.get(NODES).catch((refusal) => refusal);
    return error instanceof Error && error.message === `node ${member.node.id} was removed from the cluster: weft leave, then join again`;
  });
});

test("a backup of one cluster is restored into another etcd", async () => {
  const file = path(ground.directory, "backup");
  await writeBackup(first.store, first.state, file, Date.now());
  const empty = await Etcd.start();
  ground.onClose(() => empty.stop());
  const directory = ground.folder();
  const state = StateDir.open(directory);
  const node = await restore(file, state, Date.now());
  state.close();
  const restored = await ground.manager(
    { embedded: false, backend: async () => new EtcdBackend({ endpoints: empty.endpoints, tls: null }) },
    directory,
  );
  expect(restored.record).toEqual({ ...first.record, id: node.clusterId, restoredFrom: first.record.id });
  const keys = async (manager: Manager) =>
    (await manager.store.list(ROOT)).entries.filter(({ lease }) => lease === "0").map(({ key }) => key);
  expect(await keys(restored)).toEqual(await keys(first));
});
