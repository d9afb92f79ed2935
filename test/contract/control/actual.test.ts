import { afterEach, beforeEach, expect, test } from "vitest";
import { liveActual, type Parts, readActual } from "../../../host/control/actual.ts";
import type { Lookup } from "../../../host/control/plan.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { LoopbackPlane, networkConfig } from "./plane.ts";

const [FIRST, SECOND] = ["127.0.0.2", "127.0.0.3"];
const [ONE, TWO, LEARNED] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:77"];

let open: LoopbackPlane;
let parts: Parts;
beforeEach(async () => {
  const port = { netns: "nowhere", interface: "eth0", addresses: ["10.0.0.9/24"], mac: "02:00:00:00:00:09" };
  open = await LoopbackPlane.open([
    networkConfig({
      peers: [FIRST],
      fdb: [
        { mac: ONE, vtep: FIRST },
        { mac: TWO, vtep: SECOND },
      ],
      neighbors: [{ ip: "10.0.0.1", mac: ONE }],
      ports: [port],
    }),
    networkConfig({ name: "red", vni: 43, fdb: [{ mac: ONE, vtep: SECOND }] }),
  ]);
  const { plane, forwarding } = open;
  parts = { plane, networks: forwarding.networks, vteps: forwarding.vteps, ports: forwarding.ports };
  const vtep = forwarding.vteps.place(FIRST).index;
  plane.tables.setFdb(1, parseMac(LEARNED), { kind: "vtep", index: vtep, isStatic: false });
});
afterEach(() => open?.close());

test("all of it: what was placed, not what was learned; who owns which address; how many lead to each VTEP", () => {
  const { actual, places, used, removeStrays } = readActual(parts);
  expect([...actual.keys()].sort()).toEqual(["blue", "red"]);
  const { settings, fdb, neighbors } = actual.get("blue") ?? expect.unreachable();
  const contents = ({ keys, get, size }: Lookup) => [size, Object.fromEntries([...keys()].map((key) => [key, get(key)]))];
  expect(settings.vni).toBe(42);
  expect(contents(fdb)).toEqual([2, { [ONE]: FIRST, [TWO]: SECOND }]);
  expect(contents(neighbors)).toEqual([2, { "10.0.0.1": ONE, "10.0.0.9": "02:00:00:00:00:09" }]);
  expect([...(actual.get("blue")?.ports.keys() ?? [])]).toEqual(["nowhere/eth0"]);
  const { networks, vteps } = parts;
  expect(places.get(networks.get("red"))).toEqual(new Map([[vteps.place(SECOND), 1]]));
  expect(used).toEqual(new Set([FIRST, SECOND].map((address) => vteps.place(address).index)));
  expect(removeStrays()).toBe(0);
});

test("strays: of no network, or to no VTEP and no port of its network", () => {
  const { tables } = open.plane;
  tables.setFdb(9, 1, { kind: "vtep", index: 1, isStatic: true });
  tables.setFdb(1, 2, { kind: "vtep", index: 99, isStatic: false });
  tables.setFdb(2, 3, { kind: "port", index: 1, isStatic: true });
  tables.setNeighbor(9, parseIp("10.0.0.1"), 5);
  const snapshot = readActual(parts);
  expect(snapshot.actual.get("blue")?.fdb.size).toBe(2);
  expect(snapshot.removeStrays()).toBe(4);
  expect(readActual(parts).removeStrays()).toBe(0);
});

test("a few of it, looked up: what is no address is not there", () => {
  const actual = liveActual(parts, ["blue", "nothing"]);
  expect([...actual.keys()]).toEqual(["blue"]);
  const { fdb, neighbors, peers, ports } = actual.get("blue") ?? expect.unreachable();
  expect([ONE, TWO, LEARNED, "no mac"].map((mac) => fdb.get(mac))).toEqual([FIRST, SECOND, undefined, undefined]);
  expect(["10.0.0.1", "10.0.0.9", "10.0.0.7", "no ip"].map((ip) => neighbors.get(ip))).toEqual([
    ONE,
    "02:00:00:00:00:09",
    undefined,
    undefined,
  ]);
  expect([peers.has(FIRST), peers.size, ports.size]).toEqual([true, 1, 1]);
});
