import { beforeEach, describe, expect, test } from "vitest";
import { addressKey, endpointKey, networkRemovalKey } from "../../../host/model/cluster/keys.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { endpointId, nodeId, START, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

let cluster: TestCluster;
let blue: string;

beforeEach(async () => {
  cluster = await TestCluster.make();
  blue = await cluster.network("blue", {
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: "10.1.0.0/24", AuxiliaryAddresses: { nas: "10.1.0.3" } }, { Subnet: "fd01::/64" }] },
  });
  await cluster.network("small", { IPAM: { Config: [{ Subnet: "10.2.0.0/29" }, { Subnet: "10.3.0.0/30" }] } });
});

describe("unasked", () => {
  test("an address of each family, and a MAC address that has nothing to do with them", async () => {
    const endpoint = await cluster.endpoint(1, { aliases: ["web"], container: "f00" }, "b");
    expect(endpoint).toEqual({
      id: endpointId(1),
      network: blue,
      node: nodeId("b"),
      name: "c1",
      aliases: ["web"],
      mac: expect.stringMatching(/^02(:[0-9a-f]{2}){5}$/),
      addresses: ["10.1.0.2/24", "fd01::2/64"],
      container: "f00",
      createdAt: new Date(START).toISOString(),
    });
    expect((await cluster.endpoint(2)).addresses).toEqual(["10.1.0.4/24", "fd01::3/64"]);
    expectConsistent(cluster);
  });

  test("the same id again is the same endpoint; nothing is written", async () => {
    const first = await cluster.endpoint(1);
    const revision = cluster.store.revision;
    expect(await cluster.endpoint(1)).toEqual(first);
    expect(await cluster.endpoint(1, { ips: ["10.1.0.2"], mac: first.mac.toUpperCase() })).toEqual(first);
    expect(cluster.store.revision).toBe(revision);
    await expect(cluster.endpoint(1, { ips: ["10.1.0.77"] })).rejects.toThrow("is in network blue already, with 10.1.0.2, fd01::2");
  });

  test("an answer that got lost costs nothing", async () => {
    cluster.store.nextCommitFails = "after";
    await expect(cluster.endpoint(1)).rejects.toThrow("cut");
    expect((await cluster.endpoint(1)).addresses[0]).toBe("10.1.0.2/24");
    cluster.store.nextCommitFails = "before";
    await expect(cluster.endpoint(2)).rejects.toThrow("cut");
    expect((await cluster.endpoint(2)).addresses[0]).toMatch(/^10\.1\.0\.[45]\/24$/);
    expectConsistent(cluster);
  });

  test("freed addresses come back last, by a new manager too", async () => {
    for (let number = 1; number <= 3; number++) await cluster.endpoint(number, { network: "small" });
    await cluster.remove(1, "a", "small");
    await cluster.remove(3, "a", "small");
    cluster.clock += 3_600_000;
    const manager = cluster.newManager();
    const next = await manager.ask(cluster.caller(), "endpoint.create", { id: endpointId(4), network: "small", name: "", container: null });
    expect(next.addresses).toEqual(["10.2.0.4/29"]);
    const others = [];
    for (let number = 5; number <= 7; number++) others.push((await cluster.endpoint(number, { network: "small" })).addresses[0]);
    expect(others).toEqual(["10.2.0.5/29", "10.2.0.6/29", "10.2.0.2/29"]);
  });

  test("the next subnet is used when one is full, and a full network says who holds it", async () => {
    for (let number = 1; number <= 4; number++) await cluster.endpoint(number, { network: "small" }, "b");
    expect((await cluster.endpoint(5, { network: "small" })).addresses).toEqual(["10.2.0.6/29"]);
    expect((await cluster.endpoint(6, { network: "small" })).addresses).toEqual(["10.3.0.2/30"]);
    await cluster.remove(2, "b", "small");
    await expect(cluster.endpoint(7, { network: "small" })).rejects.toThrow(
      "could not find an available IP in network small: 5 of 5 of 10.2.0.0/29 are taken, 1 of 1 of 10.3.0.0/30 are taken; 1 were freed in the last minute and rest; held by node b (3), a (2)",
    );
    cluster.clock += 66_000;
    expect((await cluster.endpoint(7, { network: "small" })).addresses).toEqual(["10.2.0.3/29"]);
    expectConsistent(cluster);
  });
});

describe("asked for", () => {
  test("addresses and a MAC address are honoured", async () => {
    const endpoint = await cluster.endpoint(1, { ips: ["FD01::00ff", "10.1.0.200"], mac: "02-00-00-00-00-AA" });
    expect(endpoint).toMatchObject({ mac: "02:00:00:00:00:aa", addresses: ["10.1.0.200/24", "fd01::ff/64"] });
    expect((await cluster.endpoint(2, { ips: ["fd01::1:0"] })).addresses).toEqual(["10.1.0.201/24", "fd01::1:0/64"]);
  });

  test.each<[string, Parameters<TestCluster["endpoint"]>[1], string]>([
    ["outside", { ips: ["10.9.0.1"] }, "address 10.9.0.1 is in no subnet of network blue (10.1.0.0/24, fd01::/64)"],
    ["no address", { ips: ["10.1.0"] }, 'invalid address: "10.1.0" is not an IP address'],
    ["two of a family", { ips: ["10.1.0.8", "10.1.0.9"] }, "an endpoint has one IPv4 address: 10.1.0.9 is a second"],
    ["IPv6 where there is none", { network: "small", ips: ["fd01::9"] }, "network small has no IPv6"],
    ["multicast MAC", { mac: "01:00:5e:00:00:01" }, "invalid MAC address: 01:00:5e:00:00:01 is a multicast address"],
    ["no MAC", { mac: "02:42" }, 'invalid MAC address: "02:42" is not a MAC address'],
  ])("refused as it is asked: %s", async (_what, input, message) => {
    const failure = await cluster.endpoint(1, input).catch((error) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain(message);
  });

  test.each<[string, Parameters<TestCluster["endpoint"]>[1], string]>([
    ["gateway", { ips: ["10.1.0.1"] }, "Address already in use: 10.1.0.1 is the gateway of network blue"],
    ["auxiliary", { ips: ["10.1.0.3"] }, "10.1.0.3 is auxiliary address nas of network blue"],
    ["network", { ips: ["10.1.0.0"] }, "10.1.0.0 is the network's own address of network blue"],
    ["broadcast", { ips: ["10.1.0.255"] }, "10.1.0.255 is the broadcast address of network blue"],
    ["anycast", { ips: ["fd01::"] }, "fd01:: is the subnet-router anycast address of network blue"],
    ["taken", { ips: ["10.1.0.50"] }, "Address already in use: 10.1.0.50 is that of holder on node b"],
    ["taken MAC", { mac: "02:00:00:00:00:50" }, "MAC address 02:00:00:00:00:50 is in use in network blue by holder on node b"],
    ["unknown network", { network: "red" }, "network red not found"],
  ])("refused by the state: %s", async (_what, input, message) => {
    await cluster.endpoint(50, { ips: ["10.1.0.50"], mac: "02:00:00:00:00:50", name: "holder" }, "b");
    const failure = await cluster.endpoint(1, input).catch((error) => error);
    expect(failure).toBeInstanceOf(OperationError);
    expect(failure.message).toContain(message);
    expectConsistent(cluster);
  });

  test("what a dead node holds is held, and the way out is told", async () => {
    await cluster.endpoint(50, { ips: ["10.1.0.50"] }, "b");
    await cluster.die("b");
    await expect(cluster.endpoint(1, { ips: ["10.1.0.50"] })).rejects.toThrow(
      "on node b, which is down (`weft node rm b` frees what it holds)",
    );
  });
});

describe("moving with address and MAC", () => {
  const same = { ips: ["10.1.0.50", "fd01::50"], mac: "02:00:00:00:00:50" };

  test("is allowed at once when it was freed, and only with that MAC", async () => {
    await cluster.endpoint(50, same, "b");
    await expect(cluster.endpoint(51, { ips: same.ips }, "c")).rejects.toThrow("10.1.0.50 is that of c50 on node b");
    await cluster.remove(50, "b");
    await expect(cluster.endpoint(51, { ips: same.ips, mac: "02:00:00:00:00:51" }, "c")).rejects.toThrow(
      "was freed a moment ago and rests until 2026-01-01T00:01:05.000Z",
    );
    expect(await cluster.endpoint(51, same, "c")).toMatchObject({
      node: nodeId("c"),
      mac: same.mac,
      addresses: ["10.1.0.50/24", "fd01::50/64"],
    });
    // The rest that was going on does not end what it has now.
    cluster.clock += 120_000;
    expectConsistent(cluster);
    expect(cluster.contents().addresses).toHaveLength(2);
    expect(await cluster.store.get(addressKey(blue, "10.1.0.50"))).toMatchObject({ lease: "0" });
  });
});

describe("an address that is asked for again, without a MAC address", () => {
  test("has the one that it had, for as long as it rests", async () => {
    const { mac } = await cluster.endpoint(50, { ips: ["10.1.0.50"] }, "b");
    await cluster.remove(50, "b");
    expect(await cluster.endpoint(51, { ips: ["10.1.0.50"] }, "c")).toMatchObject({ mac, addresses: ["10.1.0.50/24", expect.anything()] });
    await cluster.remove(51, "c");
    cluster.clock += 120_000;
    expect((await cluster.endpoint(52, { ips: ["10.1.0.50"] }, "c")).mac).not.toBe(mac);
    expectConsistent(cluster);
  });

  test("rests on when somebody else has that MAC address by now", async () => {
    const { mac } = await cluster.endpoint(50, { ips: ["10.1.0.50"] }, "b");
    await cluster.remove(50, "b");
    await cluster.endpoint(51, { mac }, "c");
    await expect(cluster.endpoint(52, { ips: ["10.1.0.50"] }, "c")).rejects.toThrow(`MAC address ${mac} is in use`);
    expectConsistent(cluster);
  });
});

describe("who may", () => {
  test("a node that is drained, removed or unknown may not", async () => {
    await cluster.endpoint(1, {}, "b");
    await cluster.manager.ask(cluster.caller(), "node.drain", { name: "b" });
    await expect(cluster.endpoint(2, {}, "b")).rejects.toThrow("node b is drained: nothing new is put there");
    expect((await cluster.endpoint(1, {}, "b")).id).toBe(endpointId(1));
    await cluster.manager.ask(cluster.caller(), "node.drain", { name: "b", active: true });
    await cluster.endpoint(2, {}, "b");
    await expect(cluster.endpoint(3, {}, "zz")).rejects.toThrow(`node ${nodeId("zz")} is not a member of the cluster (any more)`);
  });

  test("not while the network is being removed", async () => {
    await cluster.put(networkRemovalKey(blue), "");
    await expect(cluster.endpoint(1)).rejects.toThrow("network blue is being removed");
    expect(await cluster.store.get(endpointKey(blue, nodeId("a"), endpointId(1)))).toBeNull();
  });
});

describe("what changes just before it is made", () => {
  test("the MAC address is another's by then", async () => {
    const mac = "02:00:00:00:00:07";
    cluster.store.interlude(0, () => cluster.endpoint(2, { mac }, "b"));
    await expect(cluster.endpoint(1, { mac })).rejects.toThrow("MAC address 02:00:00:00:00:07 is in use in network blue by c2 on node b");
    expectConsistent(cluster);
  });

  test("the address is another's by then: refused if it was asked for, else another", async () => {
    const ips = ["10.1.0.2"];
    cluster.store.interlude(0, () => cluster.endpoint(2, { ips }, "b"));
    expect((await cluster.endpoint(1)).addresses[0]).toBe("10.1.0.4/24");
    cluster.store.interlude(0, () => cluster.endpoint(4, { ips: ["10.1.0.9"] }, "b"));
    await expect(cluster.endpoint(3, { ips: ["10.1.0.9"] })).rejects.toThrow("10.1.0.9 is that of c4 on node b");
    expectConsistent(cluster);
  });

  test("the node is drained by then", async () => {
    cluster.store.interlude(0, () => cluster.manager.ask(cluster.caller(), "node.drain", { name: "b" }));
    await expect(cluster.endpoint(1, {}, "b")).rejects.toThrow("node b is drained");
    expect(cluster.contents().endpoints).toEqual([]);
  });

  test("the same was made by then, by an asker who was not answered", async () => {
    cluster.store.interlude(0, () => cluster.endpoint(1));
    expect((await cluster.endpoint(1)).addresses[0]).toMatch(/^10\.1\.0\.[24]\/24$/);
    expect(cluster.contents().endpoints).toHaveLength(1);
    expectConsistent(cluster);
  });
});

test("hundreds at once by two managers are all different", async () => {
  await cluster.network("wide", { IPAM: { Config: [{ Subnet: "10.16.0.0/22" }] } });
  const managers = [cluster.manager, cluster.newManager()];
  await Promise.all(
    Array.from({ length: 600 }, (_, number) =>
      managers[number % 2].ask(cluster.caller("b"), "endpoint.create", {
        id: endpointId(number),
        network: "wide",
        name: "",
        container: null,
      }),
    ),
  );
  const { endpoints } = cluster.contents();
  expect(new Set(endpoints.map(({ addresses }) => addresses[0])).size).toBe(600);
  expectConsistent(cluster);
});
