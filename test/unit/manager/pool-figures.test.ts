import { afterEach, beforeEach, expect, test } from "vitest";
import type { PoolFigures } from "../../../host/manager/pool-figures.ts";
import { TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let figures: PoolFigures;

beforeEach(async () => {
  cluster = await TestCluster.make(undefined, {
    pools: [
      { base: "10.0.0.0/16", size: 24 },
      { base: "172.16.0.0/30", size: 30 },
    ],
  });
  figures = cluster.manager.poolFigures();
});
afterEach(() => figures.close());

test("subnets: what endpoints have, what rests, and what is left", async () => {
  expect(figures.subnets()).toEqual([]);
  await cluster.network("blue", {
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: "10.1.0.0/24", IPRange: "10.1.0.128/25" }, { Subnet: "fd01::/64" }] },
  });
  await cluster.endpoint(1);
  await cluster.endpoint(2);
  await cluster.endpoint(3, { ips: ["10.1.0.5"] });
  await cluster.store.settled();
  const six = { network: "blue", vni: 4096, subnet: "fd01::/64", free: Number.MAX_SAFE_INTEGER };
  // 127 of the range are hosts', of which two are taken; 10.1.0.5 lies outside it.
  expect(figures.subnets()).toEqual([
    { network: "blue", vni: 4096, subnet: "10.1.0.0/24", used: 3, resting: 0, free: 125 },
    { ...six, used: 3, resting: 0 },
  ]);
  await cluster.remove(2);
  await cluster.store.settled();
  expect(figures.subnets()).toEqual([
    { network: "blue", vni: 4096, subnet: "10.1.0.0/24", used: 2, resting: 1, free: 125 },
    { ...six, used: 2, resting: 1 },
  ]);
  expect(figures.subnets()[0]).toBe(figures.subnets()[0]);
});

test("pools: a subnet that any network overlaps is used; VNIs", async () => {
  await cluster.store.settled();
  expect(figures.pools()).toEqual([
    { pool: "10.0.0.0/16 by /24", used: 0, free: 256 },
    { pool: "172.16.0.0/30 by /30", used: 0, free: 1 },
  ]);
  await cluster.network("first");
  for (const [name, Subnet] of [
    ["half", "10.0.9.0/25"],
    ["other-half", "10.0.9.128/25"],
    ["four", "10.0.12.0/22"],
    ["all", "172.16.0.0/24"],
    ["elsewhere", "10.9.0.0/24"],
  ])
    await cluster.network(name, { IPAM: { Config: [{ Subnet }] }, Options: name === "four" ? { vni: "7" } : {} });
  await cluster.store.settled();
  expect(figures.pools()).toEqual([
    { pool: "10.0.0.0/16 by /24", used: 6, free: 250 },
    { pool: "172.16.0.0/30 by /30", used: 1, free: 0 },
  ]);
  expect(figures.vnis()).toEqual({ used: 6, free: 16_777_215 - 4096 - 5 });
  await cluster.manager.ask(cluster.caller(), "network.rm", { names: ["four"] });
  await cluster.store.settled();
  expect([figures.pools()[0].used, figures.vnis()?.used]).toEqual([2, 5]);
});
