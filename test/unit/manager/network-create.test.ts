import { beforeEach, describe, expect, test } from "vitest";
import { networkKey, POOLS_KEY, vniKey } from "../../../host/model/cluster/keys.ts";
import type { Asked } from "../../../host/model/cluster/operations.ts";
import type { NetworkRecord } from "../../../host/model/cluster/records.ts";
import { OperationError, UsageError } from "../../../host/model/errors.ts";
import { TestCluster } from "./cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.make();
});

async function made(name: string, input: Omit<Asked<"network.create">, "Name"> = {}): Promise<NetworkRecord> {
  const id = await cluster.network(name, input);
  return JSON.parse((await cluster.store.get(networkKey(id)))?.value ?? "null");
}

describe("a network that asks for nothing", () => {
  test("gets VNIs from 4096 up and /24s of the pool, the lowest free ones", async () => {
    const [blue, red] = [await made("blue"), await made("red")];
    expect([blue.vni, red.vni]).toEqual([4096, 4097]);
    expect([blue, red].map(({ subnets }) => subnets)).toEqual([
      [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: null, auxAddresses: {} }],
      [{ subnet: "10.0.1.0/24", gateway: "10.0.1.1", ipRange: null, auxAddresses: {} }],
    ]);
    await cluster.manager.ask(cluster.caller(), "network.rm", { names: ["blue"] });
    const green = await made("green");
    expect([green.vni, green.subnets[0].subnet]).toEqual([4096, "10.0.0.0/24"]);
  });

  test("keeps clear of routes and underlay addresses of every member", async () => {
    await cluster.report("b", { routes: [{ destination: "10.0.0.0/23", device: "tun0" }] });
    await cluster.addNode("d", "10.0.2.77");
    expect((await made("blue")).subnets[0].subnet).toBe("10.0.3.0/24");
  });

  test("--ipv6 gives it a random unique local /64 besides", async () => {
    const { subnets } = await made("blue", { EnableIPv6: true });
    expect(subnets[0].subnet).toBe("10.0.0.0/24");
    expect(subnets[1].subnet).toMatch(/^fd[0-9a-f]{2}:[0-9a-f:]+::\/64$/);
    expect(subnets[1].gateway).toBe(subnets[1].subnet.replace("::/64", "::1"));
  });

  test("default routes, whole or in halves, hide no pool", async () => {
    await cluster.report("b", {
      routes: ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "nonsense"].map((destination) => ({ destination, device: "tun0" })),
    });
    expect((await made("blue")).subnets[0].subnet).toBe("10.0.0.0/24");
  });

  test("is told when the pools are used up, and by what", async () => {
    cluster = await TestCluster.make(undefined, { pools: [{ base: "10.0.0.0/23", size: 24 }] });
    await made("blue");
    await made("red");
    await expect(made("green")).rejects.toThrow(
      "all predefined address pools have been fully subnetted: none of the 2 subnets of 10.0.0.0/23 by /24 is free; give one with --subnet",
    );
    await cluster.report("c", { routes: [{ destination: "10.0.0.0/8", device: "tun0" }] });
    await expect(made("green")).rejects.toThrow("(the route to 10.0.0.0/8 by tun0 on node c covers all of a pool)");
  });
});

test("what is asked for is kept", async () => {
  const network = await made("blue", {
    Internal: true,
    Attachable: true,
    EnableIPv6: true,
    IPAM: {
      Config: [
        { Subnet: "172.20.0.0/16", IPRange: "172.20.5.0/24", Gateway: "172.20.0.9", AuxiliaryAddresses: { router: "172.20.5.1" } },
        { Subnet: "172.21.0.0/24" },
        { Subnet: "2001:DB8::/64" },
      ],
    },
    Options: { vni: "99", mtu: "1400" },
    Labels: { tier: "web" },
  });
  expect(network).toMatchObject({
    name: "blue",
    createdAt: "2026-01-01T00:00:00.000Z",
    vni: 99,
    mtu: 1400,
    internal: true,
    attachable: true,
    ipv6: true,
    labels: { tier: "web" },
    options: { vni: "99", mtu: "1400" },
    subnets: [
      { subnet: "172.20.0.0/16", gateway: "172.20.0.9", ipRange: "172.20.5.0/24", auxAddresses: { router: "172.20.5.1" } },
      { subnet: "172.21.0.0/24", gateway: "172.21.0.1", ipRange: null, auxAddresses: {} },
      { subnet: "2001:db8::/64", gateway: "2001:db8::1", ipRange: null, auxAddresses: {} },
    ],
  });
});

describe("refused", () => {
  beforeEach(async () => {
    await made("blue", { IPAM: { Config: [{ Subnet: "10.5.0.0/16" }] }, Options: { vni: "5000" } });
    await cluster.report("b", { routes: [{ destination: "10.7.0.0/16", device: "tun0" }] });
  });

  const subnet = (Subnet: string) => ({ IPAM: { Config: [{ Subnet }] } });
  test.each<[string, Asked<"network.create">, string]>([
    ["name taken", { Name: "blue" }, "network with name blue already exists"],
    ["VNI taken", { Name: "x", Options: { vni: "5000" } }, "VNI 5000 is that of network blue"],
    [
      "another network",
      { Name: "x", ...subnet("10.5.9.0/24") },
      "Pool overlaps with other one on this address space: 10.5.9.0/24 overlaps network blue (10.5.0.0/16)",
    ],
    ["a host's route", { Name: "x", ...subnet("10.7.1.0/24") }, "10.7.1.0/24 overlaps the route to 10.7.0.0/16 by tun0 on node b"],
    [
      "an underlay address",
      { Name: "x", ...subnet("192.168.0.0/24") },
      "192.168.0.0/24 overlaps the underlay address 192.168.0.1 of node a",
    ],
  ])("by the state: %s", async (_what, input, message) => {
    const before = cluster.store.revision;
    const failure = await cluster.manager.ask(cluster.caller(), "network.create", input).catch((error) => error);
    expect(failure).toBeInstanceOf(OperationError);
    expect(failure.message).toContain(message);
    expect(cluster.store.revision).toBe(before);
  });

  test.each<[string, Asked<"network.create">, string]>([
    ["name", { Name: "a/b" }, 'invalid network name "a/b": it must start with a letter or digit'],
    ["predefined", { Name: "host" }, "operation is not permitted on predefined host network"],
    ["driver", { Name: "x", Driver: "bridge" }, 'driver "bridge" is not known'],
    ["option", { Name: "x", Options: { encrypted: "" } }, "unknown option encrypted: a network takes vni and mtu"],
    ["host bits", { Name: "x", ...subnet("10.9.0.5/24") }, "invalid subnet 10.9.0.5/24: it should be 10.9.0.0/24"],
    ["IPv6 without --ipv6", { Name: "x", ...subnet("fd00::/64") }, "IPv6 subnet fd00::/64 needs --ipv6"],
  ])("as asked: %s", async (_what, input, message) => {
    const failure = await cluster.manager.ask(cluster.caller(), "network.create", input).catch((error) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure.message).toContain(message);
  });
});

test("an MTU that an underlay does not carry is honoured, and told", async () => {
  await cluster.report("b", { underlayMtu: 9000 });
  const asked = { Name: "blue", Options: { mtu: "2000" } };
  const { Warning } = await cluster.manager.ask(cluster.caller(), "network.create", asked);
  expect(Warning).toBe("mtu 2000 is more than the underlay carries on node a (1500, needs 2050), c (1500, needs 2050)");
});

describe("what changes just before it is made", () => {
  const input = (vni: string) => ({ IPAM: { Config: [{ Subnet: "10.9.0.0/24" }] }, Options: { vni } });

  test("the subnet is another's by then", async () => {
    cluster.store.interlude(0, () => cluster.newManager().ask(cluster.caller(), "network.create", { Name: "red", ...input("10") }));
    await expect(made("blue", input("11"))).rejects.toThrow("10.9.0.0/24 overlaps network red (10.9.0.0/24)");
  });

  test("a node has an address in it by then", async () => {
    const asked = { name: "b", vtep: "10.9.0.5", manager: null, incarnation: 1, version: "" };
    cluster.store.interlude(0, () => cluster.newManager().ask(cluster.caller("b"), "node.register", asked));
    await expect(made("blue", input("11"))).rejects.toThrow("10.9.0.0/24 overlaps the underlay address 10.9.0.5 of node b");
  });
});

test("sixty at once, by two managers, are all different", async () => {
  const managers = [cluster.manager, cluster.newManager()];
  const names = Array.from({ length: 60 }, (_, index) => `n${index}`);
  await Promise.all(names.map((Name, index) => managers[index % 2].ask(cluster.caller(), "network.create", { Name })));
  const networks = await cluster.manager.ask(cluster.caller(), "network.ls", {});
  expect(new Set(networks.map(({ IPAM }) => IPAM.Config[0].Subnet)).size).toBe(60);
  expect(new Set(networks.map(({ Options }) => Object.values(Options)[0])).size).toBe(60);
  expect(await cluster.store.get(POOLS_KEY)).toMatchObject({ value: "60" });
  expect(await cluster.store.get(vniKey(4096 + 59))).not.toBeNull();
});

test("a network that is too much for every host to keep is refused", async () => {
  const labels = (count: number) => ({ Labels: Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "x".repeat(4000)])) });
  expect(Object.keys((await made("small", labels(16))).labels)).toHaveLength(16);
  const refused = await made("large", labels(17)).catch((error) => error);
  expect(refused).toBeInstanceOf(UsageError);
  expect(refused.message).toBe("network large: labels, options and addresses have more than 65536 characters together");
});
