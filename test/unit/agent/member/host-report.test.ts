import { beforeEach, expect, test } from "vitest";
import { hostReport } from "../../../../host/agent/member/host-report.ts";
import type { ReportRecord } from "../../../../host/model/cluster/records.ts";
import { OperationError } from "../../../../host/model/errors.ts";

const plain = { version: "1", incarnation: 1 };
const VPN = { destination: "10.8.0.0/16", device: "tun0" };

let said: ReportRecord[];
let reads: number;
let news: boolean;
let routes: (() => ReportRecord["routes"]) | null;
let mtu: number | null;
let look: () => Promise<void>;
beforeEach(() => {
  said = [];
  reads = 0;
  news = false;
  routes = () => [];
  mtu = 1500;
  look = hostReport({
    reporter: { say: (report) => said.push(report) },
    plain,
    routes: async () => {
      reads++;
      if (routes === null) throw new OperationError("ip: out of memory");
      return routes();
    },
    underlayMtu: async () => {
      if (mtu === null) throw new OperationError("10.0.0.1 is not an address of this host");
      return mtu;
    },
    changed: () => {
      const was = news;
      news = false;
      return was;
    },
  });
});

test("is made once, and again when something changed", async () => {
  await look();
  await look();
  expect([reads, said]).toEqual([1, [{ ...plain, underlayMtu: 1500, routes: [] }]]);
  routes = () => [VPN];
  news = true;
  await look();
  await look();
  expect([reads, said.at(-1)]).toEqual([2, { ...plain, underlayMtu: 1500, routes: [VPN] }]);
});

test("has the underlay's MTU as it is now, or was last while there is none", async () => {
  mtu = null;
  await expect(look()).rejects.toThrow("not an address");
  mtu = 9000;
  await look();
  for (const now of [1400, null]) {
    mtu = now;
    news = true;
    await look();
  }
  expect(said.map(({ underlayMtu }) => underlayMtu)).toEqual([9000, 1400, 1400]);
});

test("is due until it could be made, also when it changes while it is", async () => {
  routes = null;
  await expect(look()).rejects.toThrow("out of memory");
  routes = () => {
    news = true;
    return [];
  };
  await look();
  routes = () => [VPN];
  await look();
  await look();
  expect([reads, said.map((report) => report.routes)]).toEqual([3, [[], [VPN]]]);
});
