import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startManager } from "../../../../host/agent/member/manager.ts";
import { becomeMember } from "../../../../host/agent/member/membership.ts";
import { Identity } from "../../../../host/cluster/identity.ts";
import { StateDir } from "../../../../host/cluster/state-dir.ts";
import { DEFAULT_POOLS, type MemberOptions, type StoreOptions } from "../../../../host/model/cluster/start.ts";
import { type ClusterClient, connectStore } from "../../../../host/store/client/store.ts";
import { freePorts } from "../../../../lab/ports.ts";

const LOOPBACK = "127.0.0.1";
const CLUSTER = "/weft/v1/cluster";

let directory: string;
let port: number;
const undo: (() => unknown)[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "weft-manager-"));
  [port] = await freePorts(1);
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  rmSync(directory, { recursive: true, force: true });
});

async function start(store: StoreOptions = { kind: "embedded" }): Promise<{ client: ClusterClient; state: StateDir }> {
  const listen = { host: LOOPBACK, port };
  const common = {
    name: "a",
    advertise: LOOPBACK,
    listen,
    metrics: null,
    socket: "",
    stateDir: directory,
    workers: 1,
    injection: "auto" as const,
  };
  const options: MemberOptions = { ...common, store, join: null, create: { dataPort: 4790, pools: DEFAULT_POOLS } };
  const state = StateDir.open(directory);
  undo.push(() => state.close());
  const node = await becomeMember(state, options, LOOPBACK);
  const identity = new Identity(state);
  const client = connectStore({ endpoints: () => [`${LOOPBACK}:${port}`], tls: () => identity.tls(), clusterId: () => node.clusterId });
  undo.push(() => client.close());
  const log = pino({ enabled: false });
  await startManager({ options, state, identity, node, client, log, undo, onDeath: () => {} });
  return { client, state };
}

test("a new cluster's record is in the store, and operations are done", async () => {
  const { client, state } = await start();
  expect(JSON.parse((await client.get(CLUSTER))?.value ?? "{}")).toMatchObject({ id: state.node()?.clusterId, dataPort: 4790 });
  const { Id } = await client.do("network.create", { Name: "blue" });
  expect((await client.do("network.ls", {})).map((network) => network.Id)).toEqual([Id]);
  expect((await client.do("token.show", { role: "worker" })).token).toMatch(/^WFTKN-1-/);
});

test("what a manager was told outlives it", async () => {
  const first = await start();
  await first.client.do("network.create", { Name: "blue" });
  for (const step of undo.splice(0).reverse()) await step();
  const second = await start();
  expect((await second.client.do("network.ls", {})).map(({ Name }) => Name)).toEqual(["blue"]);
});

test("an address that is taken is told, and nothing is left running", async () => {
  const taken = createServer().listen(port, LOOPBACK);
  undo.push(() => taken.close());
  await expect(start()).rejects.toThrow(String(port));
});

test("a new cluster needs its etcd", async () => {
  const store = { kind: "etcd", endpoints: [`${LOOPBACK}:1`], ca: null, cert: null, key: null, user: null } as const;
  await expect(start({ ...store, endpoints: [...store.endpoints] })).rejects.toThrow();
});

test("a file that is not there is told with its flag", async () => {
  const store: StoreOptions = { kind: "etcd", endpoints: [`${LOOPBACK}:1`], ca: "/nowhere/ca.pem", cert: null, key: null, user: null };
  await expect(start(store)).rejects.toThrow("--store-ca /nowhere/ca.pem: no such file or directory");
});
