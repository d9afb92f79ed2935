// One network by itself; several of them, nodes and seeds: cluster-view.test.ts.

import { beforeEach, expect, test } from "vitest";
import { JoinedNetwork } from "../../../host/follow/joined-network.ts";
import { Nodes } from "../../../host/follow/nodes.ts";
import type { DirtyNetwork } from "../../../host/model/forwarding.ts";
import { endpointRecord, networkRecord, nodeRecord } from "./records.ts";

const BLUE = networkRecord("w1", { name: "blue" });
const MAC = "02:00:00:00:00:02";

let nodes: Nodes;
let dirty: DirtyNetwork;
let network: JoinedNetwork;
beforeEach(() => {
  nodes = new Nodes("self");
  for (const [id, vtep] of [
    ["self", "10.99.0.1"],
    ["b", "10.99.0.2"],
  ])
    nodes.set(nodeRecord(id, vtep));
  network = new JoinedNetwork(BLUE, undefined, nodes, () => dirty);
  clean();
});

const clean = () => {
  dirty = { frame: false, macs: new Set(), ips: new Set() };
};
const tables = () => {
  const { fdb, neighbors, peers } = network.desired;
  return [Object.fromEntries(fdb), Object.fromEntries(neighbors), [...peers]];
};

test("an endpoint of a node that is not known yet is forwarded to once it is, and no more when it is forgotten", () => {
  network.set(endpointRecord("w1", "c", 2));
  expect(tables()).toEqual([{}, {}, []]);
  nodes.set(nodeRecord("c", "10.99.0.3"));
  network.repoint("c");
  expect(tables()).toEqual([{ [MAC]: "10.99.0.3" }, { "10.0.0.2": MAC }, ["10.99.0.3"]]);
  clean();
  network.repoint("b");
  expect(dirty).toEqual({ frame: false, macs: new Set(), ips: new Set() });
  nodes.remove("c");
  network.repoint("c");
  expect(tables()).toEqual([{}, {}, []]);
  expect(dirty).toEqual({ frame: true, macs: new Set([MAC]), ips: new Set(["10.0.0.2"]) });
});

test("what is this host's is known by its local endpoints and the store's word of them", () => {
  const local = (number: number) => ({ record: endpointRecord("w1", "self", number), netns: `/run/netns/c${number}`, interface: "eth0" });
  for (const number of [3, 4]) network.addLocal(BLUE, local(number));
  expect([network.missing(), network.strays()]).toEqual([[], []]);
  network.begin();
  for (const number of [4, 5]) network.set(endpointRecord("w1", "self", number));
  expect(network.end()).toBe(false);
  expect(network.missing()).toEqual([local(3)]);
  expect(network.strays()).toEqual(["e5"]);
  network.remove("e5");
  expect(network.strays()).toEqual([]);
  expect(tables()).toEqual([{}, {}, []]);
  expect([network.removeLocal("e3"), network.removeLocal("e3"), network.removeLocal("e4")]).toEqual([false, false, true]);
});

test("a snapshot that does not have what was told of leaves it doubtful, until it is told of again or dropped", () => {
  for (const number of [2, 3]) network.set(endpointRecord("w1", "b", number));
  network.begin();
  expect(network.end()).toBe(true);
  network.set(endpointRecord("w1", "b", 3));
  clean();
  network.dropDoubtful();
  expect(tables()).toEqual([{ "02:00:00:00:00:03": "10.99.0.2" }, { "10.0.0.3": "02:00:00:00:00:03" }, ["10.99.0.2"]]);
  expect(dirty.macs).toEqual(new Set([MAC]));
});
