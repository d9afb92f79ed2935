// Founding a cluster and coming back to it, cut short at every place.

import { join as path } from "node:path";
import { afterAll, expect, test } from "vitest";
import { enterStore, found, loadAuthority, up } from "../../../host/cluster/bootstrap.ts";
import { readCertificate } from "../../../host/cluster/certificate.ts";
import { Identity } from "../../../host/cluster/identity.ts";
import { join } from "../../../host/cluster/join.ts";
import { type NodeState, StateDir } from "../../../host/cluster/state-dir.ts";
import { CLUSTER_KEY, MEMBERS_KEY, nodeKey, PROBE_SECRET_KEY, ROOT, tokenKey } from "../../../host/model/cluster/keys.ts";
import type { ClusterRecord, NodeRecord } from "../../../host/model/cluster/records.ts";
import { openEmbedded } from "../../../host/store/embedded/backend.ts";
import { Ground, Manager } from "./manager.ts";

const NEW = { dataPort: 4789, pools: [{ base: "10.0.0.0/8", size: 24 }] };
const ground = new Ground();
afterAll(() => ground.close());

test("a new cluster has its record, tokens, the probes' secret and its first node, and is the same after a restart", async () => {
  const directory = ground.folder();
  const first = await Manager.start(directory);
  const before = await first.store.list(ROOT);
  expect(before.entries.map(({ key }) => key)).toEqual(
    [CLUSTER_KEY, MEMBERS_KEY, nodeKey(first.identity.nodeId), PROBE_SECRET_KEY, tokenKey("manager"), tokenKey("worker")].sort(),
  );
  expect(new Set(before.entries.map(({ modRevision }) => modRevision)).size).toBe(1);
  expect(first.record).toMatchObject({ id: first.identity.facts().clusterId, ...NEW });
  expect(await first.token("worker")).not.toBe(await first.token("manager"));
  const node: NodeRecord = JSON.parse((await first.store.get(nodeKey(first.identity.nodeId)))?.value ?? "");
  expect(node).toMatchObject({ name: "m", role: "manager", vtep: "10.99.0.1", manager: first.address, deadSince: null });
  await first.close();

  const second = await Manager.start(directory);
  expect((await second.store.list(ROOT)).entries).toEqual(before.entries);
  expect(second.record).toEqual(first.record);
  expect(second.state.node()).toMatchObject({ id: node.id, incarnation: 2 });
  expect(second.state.node()).not.toHaveProperty("founding");
  await second.close();
});

test("cut short between the state directory and the store, before or after, it is finished by the next start", async () => {
  const directory = ground.folder();
  const state = StateDir.open(directory);
  const node = await found(state, { name: "m", vtep: "10.99.0.1", manager: "127.0.0.1:1", now: Date.now() });
  state.close();
  const manager = await ground.manager({}, directory);
  expect(manager.record.id).toBe(node.clusterId);
  // After the transaction: only the mark is still there.
  const settled = manager.state.node() as NodeState;
  manager.state.writeNode({ ...settled, founding: true });
  expect(await enterStore(manager.store, manager.state, NEW, Date.now())).toEqual(manager.record);
  expect(manager.state.node()).toEqual(settled);
});

test("a manager that was off until its certificate had expired makes itself another", async () => {
  const directory = ground.folder();
  const state = StateDir.open(directory);
  await found(state, { name: "m", vtep: "10.99.0.1", manager: "127.0.0.1:1", now: Date.now() - 40 * 86_400_000 });
  state.close();
  const manager = await ground.manager({}, directory);
  expect(manager.identity.facts().notAfter).toBeGreaterThan(Date.now());
  expect((await ground.member(manager)).node.clusterId).toBe(manager.record.id);
});

test("and so does one that made it by a clock that was ahead", async () => {
  const { state, address } = await ground.manager();
  const founder = { name: "m", vtep: "10.99.0.1", manager: address };
  await up(state, { ...founder, now: Date.now() + 40 * 86_400_000 });
  expect(new Identity(state).facts().notBefore).toBeGreaterThan(Date.now());
  await up(state, { ...founder, now: Date.now() });
  expect(new Identity(state).facts().notBefore).toBeLessThan(Date.now());
});

test("and so does one whose certificate is damaged", async () => {
  const { state, identity, address } = await ground.manager();
  state.writeCertificate((state.certificate() ?? "").slice(0, 100));
  await up(state, { name: "m", vtep: "10.99.0.1", manager: address, now: Date.now() });
  expect(new Identity(state).nodeId).toBe(identity.nodeId);
});

test("a store that is empty, or another cluster's, is refused by name", async () => {
  const manager = await ground.manager();
  const id = manager.record.id;
  await manager.store.commit([], [{ delete: CLUSTER_KEY }]);
  await expect(enterStore(manager.store, manager.state, NEW, 0)).rejects.toThrow(
    `the store is empty, and this host is a manager of cluster ${id}`,
  );
  const other: ClusterRecord = { ...manager.record, id: "other" };
  await manager.store.commit([], [{ put: CLUSTER_KEY, value: JSON.stringify(other) }]);
  await expect(enterStore(manager.store, manager.state, NEW, 0)).rejects.toThrow(
    `the store is of cluster other, and this host is a manager of cluster ${id}`,
  );
  const late = StateDir.open(ground.folder());
  ground.onClose(() => late.close());
  await expect(enterStore(manager.store, late, NEW, 0)).rejects.toThrow("this host is no member");
  await up(late, { name: "late", vtep: "10.99.0.2", manager: "10.99.0.2:2377", now: Date.now() });
  await expect(enterStore(manager.store, late, NEW, 0)).rejects.toThrow(
    "the store is of cluster other already: join it with a manager's token",
  );
  expect(late.node()).toBe(null);
});

test("a worker does not come back by `weft up`, nor who is founding a cluster by `weft join`", async () => {
  const manager = await ground.manager();
  const member = await ground.member(manager);
  const founder = { name: "m", vtep: "10.99.0.1", manager: "10.99.0.1:2377", now: Date.now() };
  await expect(up(member.state, founder)).rejects.toThrow(
    `this host is node ${member.node.name}, a worker of cluster ${manager.record.id}`,
  );
  expect(await up(manager.state, founder)).toEqual(manager.state.node());
  const state = StateDir.open(ground.folder());
  ground.onClose(() => state.close());
  const node = await up(state, founder);
  await expect(join(state, await ground.joining(manager))).rejects.toThrow(
    `this host is founding cluster ${node.clusterId}: \`weft up\` goes on`,
  );
});

test("what was founded is all in the state directory, with a certificate for the addresses of the manager", async () => {
  const state = StateDir.open(ground.folder());
  ground.onClose(() => state.close());
  await expect(loadAuthority(state)).rejects.toThrow("ca.pem or ca.key is missing");
  const node = await found(state, { name: "m", vtep: "10.99.0.1", manager: "[fd00::1]:2377", now: Date.now() });
  expect(state.node()).toEqual(node);
  expect((await loadAuthority(state)).certificate).toBe(state.authority());
  const key = state.authorityKey() ?? "";
  state.writeAuthorityKey(key.slice(0, key.length >> 1));
  await expect(loadAuthority(state)).rejects.toThrow(`state directory ${state.path}: ca.pem or ca.key: the CA's certificate or key cannot`);
  expect(readCertificate(state.certificate() ?? "")).toMatchObject({ nodeId: node.id, clusterId: node.clusterId, role: "manager" });
});

test("with a store that several share, a second founder sees the first's cluster, and a manager joins by token", async () => {
  const file = path(ground.directory, "shared.sqlite");
  const shared = await openEmbedded({ file });
  ground.onClose(() => shared.close());
  const backend = async () => ({ ...borrow(shared), close: async () => {} });
  const first = await ground.manager({ backend, embedded: false });
  await expect(ground.manager({ backend, embedded: false })).rejects.toThrow(`the store is of cluster ${first.record.id} already`);
  await expect(ground.member(first, { token: await first.token("manager") })).rejects.toThrow(
    "a manager join needs an etcd store: add --store",
  );
  const second = await ground.member(first, { token: await first.token("manager"), manager: "127.0.0.1:1", name: "m2" });
  expect(second.node).toMatchObject({ role: "manager", managers: expect.arrayContaining([first.address, "127.0.0.1:1"]) });
  expect((await loadAuthority(second.state)).key).toBe(first.state.authorityKey());
});

/** The same store for several managers: each closes its own hold on it. */
function borrow(backend: Awaited<ReturnType<typeof openEmbedded>>) {
  const names = ["range", "put", "deleteRange", "txn", "compact", "leaseGrant", "leaseRevoke", "leaseKeepAlive"] as const;
  const more = ["leaseTimeToLive", "leaseLeases", "watch", "status", "memberList"] as const;
  const bound = Object.fromEntries(
    [...names, ...more].map((name) => [name, (backend[name] as (...a: unknown[]) => unknown).bind(backend)]),
  );
  return bound as unknown as Pick<typeof backend, (typeof names)[number] | (typeof more)[number]>;
}
