// A network that is too large for one message, asked for at an agent's socket: a manager over a real store, records put right into it.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startManager } from "../../../../host/agent/member/manager.ts";
import { becomeMember } from "../../../../host/agent/member/membership.ts";
import { type OperationsParts, operationsOf } from "../../../../host/agent/member/operations.ts";
import { ApiClient } from "../../../../host/api/client.ts";
import { serveApi } from "../../../../host/api/server.ts";
import { Identity } from "../../../../host/cluster/identity.ts";
import { StateDir } from "../../../../host/cluster/state-dir.ts";
import { addressKey, endpointKey } from "../../../../host/model/cluster/keys.ts";
import type { AddressRecord, EndpointRecord } from "../../../../host/model/cluster/records.ts";
import { DEFAULT_POOLS } from "../../../../host/model/cluster/start.ts";
import { RECEIVE_BYTES_MAX } from "../../../../host/store/client/channel.ts";
import { type ClusterClient, connectStore } from "../../../../host/store/client/store.ts";
import { freePorts } from "../../../../lab/ports.ts";
import { sampleView } from "../../../unit/view.ts";

const LOOPBACK = "127.0.0.1";
const ENDPOINTS = 3000;
/** Together more than a message may be. */
const ALIAS = "a".repeat(Math.ceil(RECEIVE_BYTES_MAX / ENDPOINTS));
const CHANGES_MAX = 100;

const undo: (() => unknown)[] = [];
let client: ClusterClient;
let socket: string;
let network: string;

beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-large-"));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  const [port] = await freePorts(1);
  const state = StateDir.open(directory);
  undo.push(() => state.close());
  const options = {
    name: "a",
    advertise: LOOPBACK,
    listen: { host: LOOPBACK, port },
    metrics: null,
    socket: "",
    stateDir: directory,
    workers: 1,
    injection: "auto" as const,
    store: { kind: "embedded" as const },
    join: null,
    create: { dataPort: 4790, pools: DEFAULT_POOLS },
  };
  const node = await becomeMember(state, options, LOOPBACK);
  const identity = new Identity(state);
  client = connectStore({ endpoints: () => [`${LOOPBACK}:${port}`], tls: () => identity.tls(), clusterId: () => node.clusterId });
  undo.push(() => client.close());
  await startManager({ options, state, identity, node, client, log: pino({ enabled: false }), undo, onDeath: () => {} });
  network = (await client.do("network.create", { Name: "large", IPAM: { Config: [{ Subnet: "10.1.0.0/16" }] } })).Id;
  await fill(node.id);
  socket = join(directory, "weft.sock");
  const server = await serveApi(socket, sampleView(), operationsOf({ client } as unknown as OperationsParts));
  undo.push(() => server.close());
}, 60_000);
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

async function fill(node: string): Promise<void> {
  for (let from = 0; from < ENDPOINTS; from += CHANGES_MAX / 2) {
    const changes = Array.from({ length: CHANGES_MAX / 2 }, (_, at) => records(node, from + at)).flat();
    await client.commit([], changes);
  }
}

function records(node: string, number: number): { put: string; value: string }[] {
  const id = createHash("sha256").update(String(number)).digest("hex");
  const ip = `10.1.${10 + (number >> 8)}.${number & 255}`;
  const endpoint: EndpointRecord = {
    id,
    network,
    node,
    name: `c${number}`,
    aliases: [ALIAS],
    mac: "02:00:00:00:00:01",
    addresses: [`${ip}/16`],
    container: id,
    createdAt: "",
  };
  const address: AddressRecord = { endpoint: id, node };
  return [
    { put: endpointKey(network, node, id), value: JSON.stringify(endpoint) },
    { put: addressKey(network, ip), value: JSON.stringify(address) },
  ];
}

test("all of it comes, though no message could hold it", async () => {
  await expect(client.do("network.inspect", { names: ["large"], verbose: true })).rejects.toThrow(/too long to be given at once/);
  const { found, refused } = await new ApiClient(`unix://${socket}`).do("network.inspect", { names: ["large", "none"], verbose: true });
  expect(refused).toEqual([{ name: "none", message: "network none not found" }]);
  const [{ Containers, Peers, Status, Verbose }] = found;
  expect(Object.values(Containers).filter(({ Node }) => Node === "a")).toHaveLength(ENDPOINTS);
  expect(Verbose?.Endpoints.filter(({ aliases }) => aliases[0] === ALIAS)).toHaveLength(ENDPOINTS);
  expect(Peers).toMatchObject([{ IP: LOOPBACK }]);
  // Its own address, broadcast and the gateway.
  expect(Status?.IPAM.Subnets["10.1.0.0/16"].IPsInUse).toBe(ENDPOINTS + 3);
  expect((await new ApiClient(`unix://${socket}`).do("network.ls", {})).map(({ Name }) => Name)).toEqual(["large"]);
});
