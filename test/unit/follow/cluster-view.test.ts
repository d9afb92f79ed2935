import { expect, test } from "vitest";
import { ClusterView } from "../../../host/follow/cluster-view.ts";
import type { EndpointRecord, NodeRecord } from "../../../host/model/cluster/records.ts";
import type { Desired, Dirty } from "../../../host/model/forwarding.ts";
import fc from "../../oracle/property.ts";
import { endpointRecord, networkRecord, nodeRecord, setEndpoints } from "./records.ts";

const BLUE = networkRecord("w1", { name: "blue" });

function local(number: number) {
  return { record: endpointRecord("w1", "self", number), netns: `/run/netns/c${number}`, interface: "eth0" };
}

function viewOf(nodes: NodeRecord[], endpoints: EndpointRecord[]): ClusterView {
  const view = new ClusterView("self");
  view.setNodes(nodes);
  view.addLocal(BLUE, local(1));
  setEndpoints(view, "w1", endpoints);
  return view;
}

const NODES = [nodeRecord("self", "10.99.0.1"), nodeRecord("b", "10.99.0.2"), nodeRecord("c", "10.99.0.3")];

test("a network without an endpoint of this host is not forwarded", () => {
  const view = new ClusterView("self");
  view.setNodes(NODES);
  view.setNetworks([BLUE]);
  setEndpoints(view, "w1", [endpointRecord("w1", "b", 2)]);
  expect(view.desired.size).toBe(0);
  expect(view.takeDirty()).toBeNull();
});

test("remote endpoints become FDB entries, neighbours and peers; local ones ports", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "self", 1), endpointRecord("w1", "b", 2, { addresses: ["10.0.0.2/24", "fd00::2/64"] })]);
  const blue = view.desired.get("w1");
  expect(blue?.fdb).toEqual(new Map([["02:00:00:00:00:02", "10.99.0.2"]]));
  expect(blue?.neighbors).toEqual(
    new Map([
      ["10.0.0.2", "02:00:00:00:00:02"],
      ["fd00::2", "02:00:00:00:00:02"],
    ]),
  );
  expect(blue?.peers).toEqual(new Set(["10.99.0.2"]));
  expect([...(blue?.ports.keys() ?? [])]).toEqual(["/run/netns/c1/eth0"]);
});

test("a network's other subnets are on-link for a port, those of a family that it has no address of are not", () => {
  const subnet = (text: string) => ({ subnet: text, gateway: "", ipRange: null, auxAddresses: {} });
  const subnets = ["10.0.0.0/24", "10.0.1.0/24", "fd00::/64"].map(subnet);
  const view = new ClusterView("self");
  view.addLocal(networkRecord("w1", { name: "blue", subnets }), local(1));
  expect(view.desired.get("w1")?.ports.get("/run/netns/c1/eth0")?.routes).toEqual(["10.0.1.0/24"]);
});

test("one changed endpoint is all that is dirty", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "b", 2)]);
  view.takeDirty();
  view.setEndpoint(endpointRecord("w1", "b", 3));
  expect(view.takeDirty()).toEqual(new Map([["w1", { frame: false, macs: new Set(["02:00:00:00:00:03"]), ips: new Set(["10.0.0.3"]) }]]));
});

test("a node with another VTEP takes its endpoints along", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "b", 2), endpointRecord("w1", "c", 3)]);
  view.setNode(nodeRecord("b", "10.99.0.9"));
  expect(view.desired.get("w1")?.fdb.get("02:00:00:00:00:02")).toBe("10.99.0.9");
  expect(view.desired.get("w1")?.peers).toEqual(new Set(["10.99.0.9", "10.99.0.3"]));
});

test("an endpoint that moved is not lost when its old record goes last", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "b", 2)]);
  view.setEndpoint(endpointRecord("w1", "c", 2, { id: "moved" }));
  view.removeEndpoint("w1", "e2");
  expect(view.desired.get("w1")?.fdb.get("02:00:00:00:00:02")).toBe("10.99.0.3");
  expect(view.desired.get("w1")?.neighbors.get("10.0.0.2")).toBe("02:00:00:00:00:02");
});

test("the dead are those without a lease, but this host", () => {
  const view = viewOf(NODES, []);
  view.nodes.setAlive(["b"]);
  expect(view.nodes.deadVteps()).toEqual(new Set(["10.99.0.3"]));
  view.nodes.addAlive("c");
  expect(view.nodes.deadVteps()).toEqual(new Set());
});

test("until a network's endpoints are known it is forwarded as before; then what was wrong goes", () => {
  const seed: Desired = new Map(viewOf(NODES, [endpointRecord("w1", "b", 2), endpointRecord("w1", "c", 3)]).desired);
  const view = new ClusterView("self", seed);
  view.addLocal(BLUE, local(1));
  expect(view.desired.get("w1")?.fdb.size).toBe(2);
  view.setNodes(NODES);
  view.takeDirty();
  setEndpoints(view, "w1", [endpointRecord("w1", "b", 2)]);
  expect([...(view.desired.get("w1")?.fdb.keys() ?? [])]).toEqual(["02:00:00:00:00:02"]);
  expect(view.desired.get("w1")?.peers).toEqual(new Set(["10.99.0.2"]));
  expect(view.takeDirty()?.get("w1")?.macs.has("02:00:00:00:00:03")).toBe(true);
});

test("what the store lacks of this host, and what it has too much", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "self", 7)]);
  expect(view.missing().map(({ record }) => record.id)).toEqual(["e1"]);
  expect(view.strays()).toEqual([{ network: "w1", id: "e7" }]);
});

test("the last local endpoint takes the network along", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "b", 2)]);
  expect(view.removeLocal("w1", "e1")).toBe(true);
  expect(view.desired.size).toBe(0);
  expect(view.takeDirty()?.get("w1")?.frame).toBe(true);
});

type Step =
  | { kind: "node"; node: string; vtep: number }
  | { kind: "gone"; node: string }
  | { kind: "put"; id: number; node: string; mac: number }
  | { kind: "delete"; id: number };

const node = fc.constantFrom("b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("node" as const), node, vtep: fc.integer({ min: 2, max: 9 }) }),
  fc.record({ kind: fc.constant("gone" as const), node }),
  fc.record({ kind: fc.constant("put" as const), id: fc.nat(5), node, mac: fc.nat(5) }),
  fc.record({ kind: fc.constant("delete" as const), id: fc.nat(5) }),
);

test("whatever came in whichever order, the tables are those of the state that it came to, and all that differs was said to be dirty", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const view = viewOf([NODES[0]], []);
      const nodes = new Map<string, number>();
      const endpoints = new Map<number, { node: string; mac: number }>();
      const applied = new Map<string, string>();
      for (const each of steps) {
        take(view, each, nodes, endpoints);
        follow(view, view.takeDirty(), applied);
        const expected = new Map(
          [...endpoints.values()].flatMap(({ node: id, mac }) => {
            const vtep = nodes.get(id);
            return vtep === undefined ? [] : [[macOf(mac), `10.99.0.${vtep}`] as const];
          }),
        );
        expect(view.desired.get("w1")?.fdb).toEqual(expected);
        expect(applied).toEqual(expected);
        expect(view.desired.get("w1")?.peers).toEqual(new Set(expected.values()));
      }
    }),
  );
});

const macOf = (number: number) => endpointRecord("w1", "b", number).mac;

/** As a store has it: a MAC has one owner, so whoever had it goes first. */
function take(view: ClusterView, each: Step, nodes: Map<string, number>, endpoints: Map<number, { node: string; mac: number }>): void {
  if (each.kind === "node") {
    nodes.set(each.node, each.vtep);
    view.setNode(nodeRecord(each.node, `10.99.0.${each.vtep}`));
  } else if (each.kind === "gone") {
    nodes.delete(each.node);
    view.removeNode(each.node);
  } else if (each.kind === "delete") {
    endpoints.delete(each.id);
    view.removeEndpoint("w1", `id${each.id}`);
  } else {
    for (const [id, { mac }] of endpoints) {
      if (mac !== each.mac || id === each.id) continue;
      endpoints.delete(id);
      view.removeEndpoint("w1", `id${id}`);
    }
    endpoints.set(each.id, each);
    view.setEndpoint(endpointRecord("w1", each.node, each.mac, { id: `id${each.id}` }));
  }
}

/** What applying no more than the dirty entries would make of the tables. */
function follow(view: ClusterView, dirty: Exclude<Dirty, "all"> | null, applied: Map<string, string>): void {
  for (const mac of dirty?.get("w1")?.macs ?? []) {
    const vtep = view.desired.get("w1")?.fdb.get(mac);
    if (vtep === undefined) applied.delete(mac);
    else applied.set(mac, vtep);
  }
}

test("nobody is dead until it is heard who lives", () => {
  const view = viewOf(NODES, []);
  expect(view.nodes.deadVteps()).toEqual(new Set());
  view.nodes.setAlive(["self", "b"]);
  expect(view.nodes.deadVteps()).toEqual(new Set(["10.99.0.3"]));
  view.nodes.addAlive("c");
  view.nodes.removeAlive("b");
  expect(view.nodes.deadVteps()).toEqual(new Set(["10.99.0.2"]));
});

test("what a later snapshot has no longer is forwarded to until it is dropped, or told of again", () => {
  const all = [endpointRecord("w1", "b", 2), endpointRecord("w1", "c", 3), endpointRecord("w1", "b", 4)];
  const view = viewOf(NODES, all);
  const fdb = () => [...(view.desired.get("w1")?.fdb.keys() ?? [])].sort();
  expect(setEndpoints(view, "w1", all)).toBe(false);
  expect(setEndpoints(view, "w1", all.slice(0, 1))).toBe(true);
  expect(fdb()).toHaveLength(3);
  view.setEndpoint(all[1]);
  // Another has its address by now.
  view.setEndpoint({ ...endpointRecord("w1", "c", 5), mac: all[2].mac, addresses: all[2].addresses });
  view.takeDirty();
  view.dropDoubtful("w1");
  expect(fdb()).toHaveLength(3);
  expect(view.desired.get("w1")?.fdb.get(all[2].mac)).toBe("10.99.0.3");
  expect(setEndpoints(view, "w1", [])).toBe(true);
  view.dropDoubtful("w1");
  expect(fdb()).toEqual([]);
  expect(view.desired.get("w1")?.peers).toEqual(new Set());
  view.dropDoubtful("w2");
});

test("a network that has the name, and the VNI, of one that goes is another: nothing of either is in the other", () => {
  const view = viewOf(NODES, [endpointRecord("w1", "b", 2)]);
  view.takeDirty();
  const second = networkRecord("w2", { name: "blue" });
  view.addLocal(second, { ...local(7), record: endpointRecord("w2", "self", 7) });
  expect([...view.desired.keys()]).toEqual(["w1", "w2"]);
  setEndpoints(view, "w2", [endpointRecord("w2", "c", 3)]);
  view.removeLocal("w1", local(1).record.id);
  expect([...(view.desired.get("w2")?.fdb ?? [])]).toEqual([["02:00:00:00:00:03", "10.99.0.3"]]);
  expect([...view.desired.keys()]).toEqual(["w2"]);
  expect([...(view.takeDirty()?.keys() ?? [])].sort()).toEqual(["w1", "w2"]);
});

test("a snapshot in parts: what was forwarded before is dropped when it has ended, and nothing is missing until then", () => {
  const before = viewOf(NODES, [endpointRecord("w1", "b", 2), endpointRecord("w1", "c", 3)]);
  const view = new ClusterView("self", before.desired);
  for (const node of NODES) view.setNode(node);
  view.addLocal(networkRecord("w1"), local(1));
  view.beginEndpoints("w1");
  view.setEndpoint(endpointRecord("w1", "b", 2));
  expect(view.missing()).toEqual([]);
  expect(view.desired.get("w1")?.peers).toEqual(new Set(["10.99.0.2", "10.99.0.3"]));
  expect(view.desired.get("w1")?.fdb.size).toBe(2);
  // It broke off.
  view.beginEndpoints("w1");
  view.setEndpoint(endpointRecord("w1", "b", 4));
  expect(view.endEndpoints("w1")).toBe(true);
  expect(view.desired.get("w1")?.peers).toEqual(new Set(["10.99.0.2"]));
  expect([...(view.desired.get("w1")?.fdb.keys() ?? [])]).toEqual(["02:00:00:00:00:02", "02:00:00:00:00:04"]);
  expect(view.missing()).toHaveLength(1);
  view.dropDoubtful("w1");
  expect([...(view.desired.get("w1")?.fdb.keys() ?? [])]).toEqual(["02:00:00:00:00:04"]);
});
