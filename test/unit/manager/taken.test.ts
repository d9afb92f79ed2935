import { expect, test } from "vitest";
import { formatBlock } from "../../../host/ipam/block.ts";
import { takenBlocks } from "../../../host/manager/taken.ts";
import type { NetworkRecord, NodeRecord, ReportRecord } from "../../../host/model/cluster/records.ts";

test("networks, underlay addresses and routes, each by its name; default routes and nonsense are left out", () => {
  const network = { name: "blue", subnets: [{ subnet: "10.0.0.0/24" }, { subnet: "fd00::/64" }] } as NetworkRecord;
  const nodes = [
    { id: "1", name: "a", vtep: "192.168.0.1" },
    { id: "2", name: "b", vtep: "2001:db8::2" },
  ] as NodeRecord[];
  const routes = ["10.8.0.0/16", "0.0.0.0/0", "128.0.0.0/1", "::/0", "bad", "172.16.0.1/12"].map((destination) => ({
    destination,
    device: "tun0",
  }));
  const reports = new Map([["1", { routes } as ReportRecord]]);
  const taken = takenBlocks({ networks: [network], nodes, reports });
  expect(taken.map(({ block, by }) => `${formatBlock(block)}: ${by}`)).toEqual([
    "10.0.0.0/24: network blue (10.0.0.0/24)",
    "fd00::/64: network blue (fd00::/64)",
    "192.168.0.1/32: the underlay address 192.168.0.1 of node a",
    "2001:db8::2/128: the underlay address 2001:db8::2 of node b",
    "10.8.0.0/16: the route to 10.8.0.0/16 by tun0 on node a",
    "172.16.0.0/12: the route to 172.16.0.1/12 by tun0 on node a",
  ]);
});
