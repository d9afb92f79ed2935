// Joining over the real front and the embedded store: who is let in, who is refused and with which line, and how a member comes back.

import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join as path } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAuthority } from "../../../host/cluster/bootstrap.ts";
import { Authority } from "../../../host/cluster/ca.ts";
import { makeRequest, newKey } from "../../../host/cluster/certificate.ts";
import { Identity } from "../../../host/cluster/identity.ts";
import { askByToken, join } from "../../../host/cluster/join.ts";
import { StateDir } from "../../../host/cluster/state-dir.ts";
import { CLUSTER_KEY, NODES, nodeKey, tokenKey } from "../../../host/model/cluster/keys.ts";
import type { NodeRecord, TokenRecord } from "../../../host/model/cluster/records.ts";
import { withNewSecret } from "../../../host/model/cluster/token-record.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { freePorts } from "../../../lab/ports.ts";
import { eventually } from "../../../lab/wait.ts";
import { Ground, type Manager, Member } from "./manager.ts";

const DAY_MS = 86_400_000;
const ground = new Ground();
let manager: Manager;
let other: Manager;
beforeAll(async () => {
  [manager, other] = await Promise.all([ground.manager(), ground.manager()]);
});
afterAll(() => ground.close());

async function record(id: string): Promise<NodeRecord | null> {
  const entry = await manager.store.get(nodeKey(id));
  return entry && JSON.parse(entry.value);
}

test("a worker joins, has a record, and reads the cluster's", async () => {
  const member = await ground.member(manager, { name: "first", vtep: "10.99.7.1" });
  expect(member.identity.facts()).toMatchObject({ nodeId: member.node.id, clusterId: manager.record.id, role: "worker" });
  expect(await record(member.node.id)).toMatchObject({
    name: "first",
    vtep: "10.99.7.1",
    role: "worker",
    availability: "active",
    manager: null,
  });
  expect(member.node.managers).toEqual([manager.address]);
  expect(JSON.parse((await member.store.get(CLUSTER_KEY))?.value ?? "")).toEqual(manager.record);
  expect(member.state.authorityKey()).toBe(null);
});

test.each([
  ["no token", { token: "x" }, UsageError, "--token: not a token of weft (one begins with WFTKN-1-)"],
  ["another version", { token: "WFTKN-2-a-b" }, UsageError, "--token: a token of version 2, and this weft knows 1"],
  ["a bad name", { name: "no/slash" }, UsageError, '--name "no/slash": letters, digits'],
  ["a bad VTEP", { vtep: "10.99.0.256" }, UsageError, '--advertise: "10.99.0.256" is not an IP address'],
  ["a VTEP that no host can have", { vtep: "224.0.0.1" }, UsageError, "--advertise: 224.0.0.1 is a multicast address"],
  ["a name that is taken", { name: "m" }, OperationError, /^the name m is taken by node \w{25} \(10\.99\.0\.1\)/],
  ["a VTEP that is taken", { vtep: "10.99.0.1" }, OperationError, "VTEP address 10.99.0.1 is taken by node m"],
  ["a worker's token for a manager", { manager: "127.0.0.1:1" }, OperationError, "a worker's token cannot make a manager"],
])("%s is refused, and nothing is left", async (_, joining, kind, line) => {
  const before = await manager.store.list(NODES);
  const base = ground.folder();
  const refusal = await ground.member(manager, { ...(joining as object), directory: path(base, "of", "its") }).catch((error) => error);
  expect(refusal).toBeInstanceOf(kind);
  expect(refusal.message).toMatch(line);
  expect((await manager.store.list(NODES)).entries).toEqual(before.entries);
  expect(existsSync(base)).toBe(false);
});

test("a wrong secret, a rotated token and a manager's token are refused by name", async () => {
  const good = await manager.token("worker");
  await expect(ground.member(manager, { token: good.replace(/-[^-]+$/, `-${"0".repeat(25)}`) })).rejects.toThrow(
    "the token's secret is wrong",
  );
  const entry = await manager.store.get(tokenKey("worker"));
  const tokens: TokenRecord = JSON.parse(entry?.value ?? "");
  await manager.store.commit([], [{ put: tokenKey("worker"), value: JSON.stringify(withNewSecret(tokens)) }]);
  await expect(ground.member(manager, { token: good })).rejects.toThrow("the token was rotated: `weft token worker` on a manager shows");
  await ground.member(manager);
  await expect(ground.member(manager, { token: await manager.token("manager") })).rejects.toThrow(
    "this cluster's store is embedded and has exactly one manager: a manager join needs an etcd store",
  );
});

test("a foreign CA is refused before anything is sent", async () => {
  const authority = await Authority.create("foreign", Date.now());
  const key = newKey();
  const holder = { nodeId: "n", clusterId: "foreign", role: "manager" as const, hosts: [] };
  const cert = (await authority.issue(await makeRequest(key), holder, Date.now())) + authority.certificate;
  const received: Buffer[] = [];
  const closed: Promise<unknown>[] = [];
  const server = createTlsServer({ cert, key, ALPNProtocols: ["h2"] }, (socket) => {
    socket.on("data", (bytes) => received.push(bytes));
  }).listen(0, "127.0.0.1");
  server.on("connection", (socket) => closed.push(once(socket, "close")));
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  try {
    await expect(ground.member(manager, { managers: [address] })).rejects.toThrow(
      `${address} is not a manager of the token's cluster: its CA is another one (the token was not sent)`,
    );
    await eventually("the connection", () => closed.length === 1);
    await Promise.all(closed);
    expect(Buffer.concat(received)).toHaveLength(0);
  } finally {
    server.close();
  }
});

test("nobody answers: each that was tried is named with the reason, and the next is asked", async () => {
  const [closed] = await freePorts(1);
  const mute = createServer().listen(0, "127.0.0.1");
  await once(mute, "listening");
  const silent = `127.0.0.1:${(mute.address() as { port: number }).port}`;
  try {
    const managers = [`127.0.0.1:${closed}`, silent];
    await expect(ground.member(manager, { managers, timeoutMs: 1000 })).rejects.toThrow(
      `no manager answers (tried 127.0.0.1:${closed}: connection refused; ${silent}: no answer in 1 s)`,
    );
    await ground.member(manager, { managers: [...managers, manager.address], timeoutMs: 3000 });
    await expect(ground.member(manager, { managers: ["nonsense"] })).rejects.toThrow("nonsense: expected HOST:PORT");
  } finally {
    mute.close();
  }
});

test("a manager whose certificate has expired by this host's clock is named once, with that reason", async () => {
  const { address, close } = await expiredManager();
  try {
    await expect(ground.member(manager, { managers: [address], timeoutMs: 3000 })).rejects.toThrow(
      new OperationError(`no manager answers (tried ${address}: its certificate has expired, or this host's clock is wrong)`),
    );
  } finally {
    close();
  }
});

test("a member comes back with its certificate, whatever the token and whoever answers", async () => {
  const member = await ground.member(manager);
  const again = await join(member.state, await ground.joining(manager, { token: "rubbish", managers: ["127.0.0.1:1"] }));
  expect(again).toEqual(member.node);
});

test("one whose certificate has expired joins again by token and keeps its id; with another cluster's token it is refused", async () => {
  const member = await ground.member(manager);
  const later = { now: Date.now() + 31 * DAY_MS, name: member.node.name, vtep: member.node.vtep };
  await expect(join(member.state, await ground.joining(other, later))).rejects.toThrow(
    "the token is of another cluster: this host is node",
  );
  const again = await join(member.state, await ground.joining(manager, { ...later, vtep: "10.99.7.9" }));
  expect(again).toMatchObject({ id: member.node.id, vtep: "10.99.7.9" });
  expect(await record(again.id)).toMatchObject({ vtep: "10.99.7.9" });
});

test("by a clock that is 40 days ahead it comes back with what it has, as nobody can be asked, and renews by token what is not valid then", async () => {
  const member = await ground.member(manager);
  const { address, close } = await expiredManager();
  const why: string[] = [];
  const later = { now: Date.now() + 40 * DAY_MS, name: member.node.name, vtep: member.node.vtep, timeoutMs: 3000 };
  try {
    const joining = await ground.joining(manager, { ...later, managers: [address], onSilence: (line) => why.push(line) });
    expect(await join(member.state, joining)).toEqual(member.node);
    expect(why).toEqual([`no manager answers (tried ${address}: its certificate has expired, or this host's clock is wrong)`]);
    member.state.writeCertificate("damaged");
    await expect(join(member.state, joining)).rejects.toThrow(why[0]);
  } finally {
    close();
  }
  const before = member.identity.tls().certPem;
  await member.identity.renew(async (request) => askByToken(member.state, member.node, await ground.joining(manager, later), request));
  expect(member.identity.tls().certPem).not.toBe(before);
  expect(member.identity.nodeId).toBe(member.node.id);
  const foreign = await ground.joining(other, later);
  await expect(member.identity.renew((request) => askByToken(member.state, member.node, foreign, request))).rejects.toThrow(
    "the token is of another cluster: this host is node",
  );
});

test("one whose certificate is from the future joins again by token", async () => {
  const member = await ground.member(manager);
  const authority = await loadAuthority(manager.state);
  const holder = { nodeId: member.node.id, clusterId: manager.record.id, role: "worker" as const, hosts: [] };
  const request = await makeRequest(member.state.key() ?? "");
  member.state.writeCertificate(await authority.issue(request, holder, Date.now() + 40 * DAY_MS));
  const { name, vtep } = member.node;
  expect((await join(member.state, await ground.joining(manager, { name, vtep }))).id).toBe(member.node.id);
  expect(new Identity(member.state).facts().notBefore).toBeLessThan(Date.now());
});

test("one whose certificate is damaged does so, too", async () => {
  const member = await ground.member(manager);
  member.state.writeCertificate((member.state.certificate() ?? "").slice(0, 100));
  const { name, vtep } = member.node;
  expect((await join(member.state, await ground.joining(manager, { name, vtep }))).id).toBe(member.node.id);
  expect(new Identity(member.state).nodeId).toBe(member.node.id);
});

test("asked twice, as when the answer was lost, it is one node", async () => {
  const state = StateDir.open(ground.folder());
  ground.onClose(() => state.close());
  const joining = await ground.joining(manager);
  const first = await join(state, joining);
  state.forget("key");
  // As it is when it was leaving.
  const left = await record(first.id);
  await manager.store.commit([], [{ put: nodeKey(first.id), value: JSON.stringify({ ...left, availability: "drain" }) }]);
  expect((await join(state, joining)).id).toBe(first.id);
  expect(await record(first.id)).toMatchObject({ availability: "active" });
  expect((await join(state, { ...joining, name: "elsewhere" })).id).toBe(first.id);
});

test("an id of a node is not to be had with another key", async () => {
  const member = await ground.member(manager);
  const thief = StateDir.open(ground.folder());
  ground.onClose(() => thief.close());
  thief.writeKey(newKey());
  thief.writeNode(member.node);
  await expect(join(thief, await ground.joining(manager))).rejects.toThrow("has another key than this host");
});

test("many hosts that join at once get ids, names and addresses of their own; of those with the same name one gets it", async () => {
  const before = (await manager.store.list(NODES)).entries.length;
  const all = await Promise.allSettled([
    ...Array.from({ length: 6 }, () => ground.member(manager)),
    ...Array.from({ length: 4 }, () => ground.member(manager, { name: "contested" })),
  ]);
  const joined = all.flatMap((one) => (one.status === "fulfilled" ? [one.value.node] : []));
  expect(joined).toHaveLength(7);
  expect(new Set(joined.map(({ id }) => id)).size).toBe(7);
  expect(
    all.flatMap((one) => (one.status === "rejected" ? [one.reason.message] : [])).every((line) => /contested is taken/.test(line)),
  ).toBe(true);
  expect((await manager.store.list(NODES)).entries).toHaveLength(before + 7);
});

test("a removed node is refused on every call, loses its watches, gets no new certificate, and joins again only as another", async () => {
  const member = await ground.member(manager);
  const told: string[] = [];
  const seen: string[] = [];
  const watch = member.store.watch(NODES, {
    onSnapshot: () => void seen.push("snapshot"),
    onEvents: () => {},
    onConnection: (connected, why) => void told.push(`${connected} ${why}`),
  });
  await eventually("the watch", () => seen.length > 0);
  await manager.store.commit([], [{ delete: nodeKey(member.node.id) }]);
  const line = `node ${member.node.id} was removed from the cluster: weft leave, then join again`;
  await eventually("the watch to end", () => told.some((text) => text.startsWith("false") && text.includes(line)));
  watch.close();
  await expect(member.store.get(CLUSTER_KEY)).rejects.toMatchObject({ failure: "unauthenticated", message: line });
  await expect(member.store.do("cluster.info", {})).rejects.toThrow(line);
  await expect(member.renew()).rejects.toThrow(line);
  const expired = await ground.joining(manager, { now: Date.now() + 31 * DAY_MS });
  await expect(join(member.state, expired)).rejects.toThrow(line);
  member.state.forget();
  const again = new Member(member.state, await join(member.state, await ground.joining(manager)));
  expect(again.node.id).not.toBe(member.node.id);
  expect(await again.store.get(CLUSTER_KEY)).not.toBe(null);
  again.store.close();
});

test("a certificate is renewed for the same node, and is used from then on", async () => {
  const member = await ground.member(manager);
  const before = member.identity.tls().certPem;
  await member.renew();
  expect(member.identity.tls().certPem).not.toBe(before);
  expect(member.state.certificate()).toBe(member.identity.tls().certPem);
  expect(member.identity.facts()).toMatchObject({ nodeId: member.node.id, role: "worker" });
  expect(await member.store.get(CLUSTER_KEY)).not.toBe(null);
});

/** Shows the cluster's CA and a manager's certificate that was good 40 days ago: what a host sees whose clock is ahead. */
async function expiredManager(): Promise<{ address: string; close: () => void }> {
  const authority = await loadAuthority(manager.state);
  const key = newKey();
  const holder = { nodeId: manager.identity.nodeId, clusterId: manager.record.id, role: "manager" as const, hosts: [] };
  const cert = (await authority.issue(await makeRequest(key), holder, Date.now() - 40 * DAY_MS)) + authority.certificate;
  const server = createTlsServer({ cert, key, ALPNProtocols: ["h2"] }).listen(0, "127.0.0.1");
  // As a client does that does not trust it.
  server.on("tlsClientError", () => {});
  await once(server, "listening");
  return { address: `127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() };
}
