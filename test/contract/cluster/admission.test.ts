// What a manager answers those who ask it in ways that weft's own joiner does not; join.test.ts has the rest.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Admission, hostsOf } from "../../../host/cluster/admission.ts";
import { loadAuthority } from "../../../host/cluster/bootstrap.ts";
import { makeRequest, newKey, readCertificate } from "../../../host/cluster/certificate.ts";
import { NODES, networkKey, nodeKey, POOLS_KEY } from "../../../host/model/cluster/keys.ts";
import type { NodeRecord } from "../../../host/model/cluster/records.ts";
import { UsageError } from "../../../host/model/errors.ts";
import { JoinRequestSchema, RenewRequestSchema } from "../../../host/store/generated/weft_pb.js";
import { Ground, type Manager, type Member } from "./manager.ts";

const ground = new Ground();
let manager: Manager;
let member: Member;
let admission: Admission;
beforeAll(async () => {
  manager = await ground.manager();
  member = await ground.member(manager);
  const authority = await loadAuthority(manager.state);
  admission = new Admission({ store: manager.store, authority, clusterId: () => manager.record.id, embedded: true, now: Date.now });
});
afterAll(() => ground.close());

async function ask(more: MessageInitShape<typeof JoinRequestSchema>) {
  const token = await manager.token("worker");
  return admission.ask(create(JoinRequestSchema, { token, csrDer: await makeRequest(newKey()), name: "x", vtep: "10.99.3.1", ...more }));
}

test.each<[string, MessageInitShape<typeof JoinRequestSchema>, RegExp]>([
  ["an endless token", { token: "x".repeat(1000) }, /^the token has 1000 characters/],
  ["no token", { token: "" }, /^the token is not a token of weft/],
  ["no request", { csrDer: new Uint8Array() }, /^the certificate request has 0 bytes/],
  ["an endless name", { name: "x".repeat(100_000) }, /^--name "x{80}": letters/],
  ["an endless version", { version: "1".repeat(65) }, /^a version has 64 characters at most/],
  ["no address", { managerAddress: "here" }, /^--listen: expected HOST:PORT/],
])("%s is refused as usage", async (_, more, line) => {
  const refusal = await ask(more).catch((error) => error);
  expect(refusal).toBeInstanceOf(UsageError);
  expect(refusal.message).toMatch(line);
});

test("an id that nobody has, or that another has, is not given out", async () => {
  await expect(ask({ nodeId: "nobody" })).rejects.toThrow("node nobody was removed from the cluster: weft leave, then join again");
  await expect(ask({ nodeId: member.node.id })).rejects.toThrow(`node ${member.node.name} has another key than this host`);
  await expect(ask({ nodeId: manager.identity.nodeId })).rejects.toThrow("node m has another key than this host");
});

test("a worker's token does not bring a manager back, nor make it a worker", async () => {
  const csrDer = await makeRequest(manager.state.key() ?? "");
  await expect(ask({ csrDer })).rejects.toThrow("node m is a manager: the token is a worker's");
});

test("an address in a network's subnet is refused, also when the network comes between", async () => {
  const { store } = manager;
  const blue = { id: "blue", name: "blue", subnets: [{ subnet: "10.0.0.0/24" }] };
  const make = () =>
    store.commit(
      [],
      [
        { put: networkKey("blue"), value: JSON.stringify(blue) },
        { put: POOLS_KEY, value: "1" },
      ],
    );
  const line = "VTEP address 10.0.0.7 lies in network blue (10.0.0.0/24)";
  let late = make;
  const authority = await loadAuthority(manager.state);
  const racing = new Admission({
    // The network is made when everything has been read.
    store: {
      ...store,
      get: (key) => store.get(key),
      list: (prefix) => store.list(prefix),
      commit: async (compares, changes) => {
        await late();
        return store.commit(compares, changes);
      },
    } as typeof store,
    authority,
    clusterId: () => manager.record.id,
    embedded: true,
    now: Date.now,
  });
  const request = { token: await manager.token("worker"), csrDer: await makeRequest(newKey()), name: "y", vtep: "10.0.0.7" };
  await expect(racing.ask(create(JoinRequestSchema, request))).rejects.toThrow(line);
  late = async () => ({ succeeded: true, revision: 0 });
  await expect(ask({ name: "y", vtep: "10.0.0.7" })).rejects.toThrow(line);
  const { entries } = await store.list(NODES);
  expect(entries.map(({ value }) => JSON.parse(value).name)).not.toContain("y");
  await store.commit([], [{ delete: networkKey("blue") }]);
});

test("hosts wait for each other; more at once than a manager can do with are told to try again", async () => {
  const token = (await manager.token("worker")).replace(/-[^-]+$/, `-${"0".repeat(25)}`);
  const request = create(JoinRequestSchema, { token });
  const all = await Promise.allSettled(Array.from({ length: 300 }, () => admission.ask(request)));
  const lines = all.map((one) => (one.status === "rejected" ? one.reason.message : "let in"));
  expect(lines.filter((line) => line === "256 hosts are waiting to join at this moment: try again")).toHaveLength(36);
  expect(lines.filter((line) => line.startsWith("the token's secret is wrong"))).toHaveLength(264);
  await expect(admission.ask(request)).rejects.toThrow("the token's secret is wrong");
});

test("a record's fields that this version does not know are kept", async () => {
  const entry = await manager.store.get(nodeKey(member.node.id));
  await manager.store.commit(
    [],
    [{ put: nodeKey(member.node.id), value: JSON.stringify({ ...JSON.parse(entry?.value ?? ""), newer: [1] }) }],
  );
  await ask({ csrDer: await makeRequest(member.state.key() ?? ""), name: "renamed" });
  const record: NodeRecord & { newer?: number[] } = JSON.parse((await manager.store.get(nodeKey(member.node.id)))?.value ?? "");
  expect(record).toMatchObject({ name: "renamed", newer: [1], id: member.node.id });
  expect((await manager.store.list(NODES)).entries).toHaveLength(2);
});

test("a certificate is renewed for the same key only, with the role of the record", async () => {
  const caller = { nodeId: member.node.id, role: "manager" as const };
  const other = create(RenewRequestSchema, { csrDer: await makeRequest(newKey()) });
  await expect(admission.renew(caller, other)).rejects.toThrow("a certificate is renewed for the same key");
  const { certificateDer } = await admission.renew(
    caller,
    create(RenewRequestSchema, { csrDer: await makeRequest(member.state.key() ?? "") }),
  );
  expect(readCertificate(certificateDer as Uint8Array)).toMatchObject({ nodeId: member.node.id, role: "worker" });
});

test("a manager's certificate is good for where it is reached", () => {
  expect(hostsOf({ vtep: "10.99.0.1", manager: null })).toEqual([]);
  expect(hostsOf({ vtep: "10.99.0.1", manager: "m.example:2377" })).toEqual(["m.example", "10.99.0.1", "127.0.0.1", "::1", "localhost"]);
  expect(hostsOf({ vtep: "fd00::1", manager: "[fd00::1]:2377" })).toEqual(["fd00::1", "127.0.0.1", "::1", "localhost"]);
});
