import { beforeEach, describe, expect, test } from "vitest";
import { askedAddresses, freeAddress } from "../../../host/manager/address-pick.ts";
import { AddressView } from "../../../host/manager/address-view.ts";
import type { Context } from "../../../host/manager/context.ts";
import { addressKey, networkKey } from "../../../host/model/cluster/keys.ts";
import type { NetworkRecord } from "../../../host/model/cluster/records.ts";
import { TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let network: NetworkRecord;

beforeEach(async () => {
  cluster = await TestCluster.make();
  const id = await cluster.network("blue", {
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: "10.1.0.0/30" }, { Subnet: "10.2.0.0/30" }, { Subnet: "fd01::/64" }] },
  });
  network = JSON.parse((await cluster.store.get(networkKey(id)))?.value ?? "");
});

test("asked addresses come with what must still be so: absent, or resting as it was read", async () => {
  const mac = "02:00:00:00:00:01";
  await cluster.endpoint(1, { mac, ips: ["10.2.0.2"] });
  await cluster.remove(1);
  const resting = await cluster.store.get(addressKey(network.id, "10.2.0.2"));
  const picks = [
    { ip: "10.2.0.2", cidr: "10.2.0.2/30", family: 4, compare: { key: resting?.key, modRevision: resting?.modRevision }, chosen: false },
    { ip: "fd01::42", cidr: "fd01::42/64", family: 6, compare: { key: addressKey(network.id, "fd01::42"), is: "absent" }, chosen: false },
  ];
  expect(await askedAddresses(cluster.store, network, ["10.2.0.2", "fd01::0042"], mac)).toEqual({ picks, mac });
  // One that rests brings its MAC address.
  expect(await askedAddresses(cluster.store, network, ["fd01::0042", "10.2.0.2"], null)).toEqual({ picks: picks.toReversed(), mac });
  await expect(askedAddresses(cluster.store, network, ["10.2.0.2"], "02:00:00:00:00:02")).rejects.toThrow(
    `rests until 2026-01-01T00:01:05.000Z; with ${mac}, the MAC address that it had, it may be had now`,
  );
});

test("two asked addresses that rest with different MAC addresses cannot both be had", async () => {
  await cluster.endpoint(1, { mac: "02:00:00:00:00:01", ips: ["10.2.0.2"] });
  await cluster.endpoint(2, { mac: "02:00:00:00:00:02", ips: ["fd01::22"] });
  for (const number of [1, 2]) await cluster.remove(number);
  await expect(askedAddresses(cluster.store, network, ["10.2.0.2", "fd01::22"], null)).rejects.toThrow("fd01::22 was freed a moment ago");
});

describe("free addresses", () => {
  let context: Context;

  beforeEach(async () => {
    context = { store: cluster.store, addresses: new AddressView(cluster.store) } as Partial<Context> as Context;
    await cluster.store.settled();
  });

  test("are of the subnets in their order, of each family apart", async () => {
    expect((await freeAddress(context, network, 4, false)).cidr).toBe("10.1.0.2/30");
    expect((await freeAddress(context, network, 6, false)).cidr).toBe("fd01::2/64");
    expect(await freeAddress(context, network, 4, true)).toEqual({
      ip: "10.2.0.2",
      cidr: "10.2.0.2/30",
      family: 4,
      compare: { key: addressKey(network.id, "10.2.0.2"), is: "absent" },
      chosen: true,
    });
  });

  test("that are all gone are told with who has most of them", async () => {
    await cluster.endpoint(1, {}, "b");
    await cluster.endpoint(2, {}, "c");
    await cluster.remove(2, "c");
    await cluster.store.settled();
    await expect(freeAddress(context, network, 4, false)).rejects.toThrow(
      "could not find an available IP in network blue: 1 of 1 of 10.1.0.0/30 are taken, 1 of 1 of 10.2.0.0/30 are taken; 1 were freed in the last minute and rest; held by node b (1)",
    );
  });

  test("that are all gone of an ip-range are told as the range's", async () => {
    const id = await cluster.network("green", { IPAM: { Config: [{ Subnet: "10.3.0.0/24", IPRange: "10.3.0.128/31" }] } });
    for (const number of [1, 2]) await cluster.endpoint(number, { network: "green" });
    await cluster.store.settled();
    const green = JSON.parse((await cluster.store.get(networkKey(id)))?.value ?? "");
    await expect(freeAddress(context, green, 4, false)).rejects.toThrow("2 of 2 of 10.3.0.128/31 (the ip-range of 10.3.0.0/24) are taken");
  });
});
