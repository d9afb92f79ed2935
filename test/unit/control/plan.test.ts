// The plan: each difference by itself, the order of what is done, and random states: what is planned makes what is what shall be.

import { describe, expect, test } from "vitest";
import { type Action, type ActualNetwork, plan } from "../../../host/control/plan.ts";
import type { PortConfig } from "../../../host/model/config.ts";
import type { Desired, DesiredNetwork, Dirty, NetworkSettings } from "../../../host/model/forwarding.ts";
import { differences } from "../../contract/control/wanted.ts";
import fc from "../../oracle/property.ts";

const SETTINGS: NetworkSettings = {
  name: "blue",
  vni: 42,
  mtu: null,
  learning: false,
  allowUnlistedSources: false,
  ignoreReservedBits: false,
  allowVlanTags: false,
  tos: "inherit",
  ttl: "inherit",
  ageingSeconds: 300,
};
const [NEAR, FAR, FARTHER] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
const [ONE, TWO, THREE] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"];

interface Content {
  settings?: Partial<NetworkSettings>;
  peers?: string[];
  fdb?: Record<string, string>;
  neighbors?: Record<string, string>;
  ports?: Record<string, Partial<PortConfig>>;
}

function networkOf({ settings, peers, fdb, neighbors, ports }: Content): DesiredNetwork & ActualNetwork {
  return {
    settings: { ...SETTINGS, ...settings },
    peers: new Set(peers),
    fdb: new Map(Object.entries(fdb ?? {})),
    neighbors: new Map(Object.entries(neighbors ?? {})),
    ports: new Map(Object.entries(ports ?? {}).map(([key, port]) => [key, portOf(key, port)])),
  };
}

function portOf(key: string, port: Partial<PortConfig>): PortConfig {
  const [netns, name] = key.split("/");
  return { netns, interface: name, addresses: [], mac: ONE, ...port };
}

const state = (networks: Record<string, Content>) => new Map(Object.entries(networks).map(([name, content]) => [name, networkOf(content)]));
const brief = (actions: Action[]) => actions.map(({ do: what, network, key }) => `${what} ${network} ${key}`.trim());
const between = (is: Record<string, Content>, shall: Record<string, Content>, dirty: Dirty = "all") =>
  brief(plan(state(is), state(shall), dirty));

describe("a plan", () => {
  test.each<[string, Content | undefined, Content | undefined, string[]]>([
    ["nothing to do", { peers: [FAR], fdb: { [ONE]: FAR } }, { peers: [FAR], fdb: { [ONE]: FAR } }, []],
    ["a network that comes", undefined, {}, ["addNetwork blue"]],
    ["a network that goes, whatever it has", { fdb: { [ONE]: FAR }, ports: { "c/eth0": {} } }, undefined, ["removeNetwork blue"]],
    ["other settings", { settings: { mtu: 1400 } }, { settings: { mtu: 1300 } }, ["changeNetwork blue"]],
    ["a setting that was not there", {}, { settings: { probes: true } }, ["changeNetwork blue"]],
    [
      "another VNI",
      { fdb: { [ONE]: FAR } },
      { settings: { vni: 43 }, fdb: { [ONE]: FAR } },
      ["removeNetwork blue", "addNetwork blue", `setFdb blue ${ONE}`],
    ],
    ["peers in another order", { peers: [NEAR, FAR] }, { peers: [FAR, NEAR] }, []],
    ["another peer", { peers: [NEAR, FAR] }, { peers: [NEAR, FARTHER] }, ["setPeers blue"]],
    ["no peer any more", { peers: [NEAR] }, {}, ["setPeers blue"]],
    ["an entry that comes", {}, { fdb: { [ONE]: FAR } }, [`setFdb blue ${ONE}`]],
    ["an entry that moves", { fdb: { [ONE]: FAR } }, { fdb: { [ONE]: NEAR } }, [`setFdb blue ${ONE}`]],
    ["an entry that goes", { fdb: { [ONE]: FAR } }, {}, [`removeFdb blue ${ONE}`]],
    ["a neighbour that comes", {}, { neighbors: { "10.0.0.1": ONE } }, ["setNeighbor blue 10.0.0.1"]],
    ["a neighbour that goes", { neighbors: { "10.0.0.1": ONE } }, {}, ["removeNeighbor blue 10.0.0.1"]],
    [
      "a port that comes brings its neighbour",
      {},
      { ports: { "c/eth0": { addresses: ["10.0.0.1/24"] } } },
      ["setNeighbor blue 10.0.0.1", "addPort blue c/eth0"],
    ],
    [
      "a port that goes takes its neighbour",
      { neighbors: { "10.0.0.1": ONE }, ports: { "c/eth0": { addresses: ["10.0.0.1/24"] } } },
      {},
      ["removePort blue c/eth0", "removeNeighbor blue 10.0.0.1"],
    ],
    [
      "a port with another address",
      { ports: { "c/eth0": { addresses: ["10.0.0.1/24"] } }, neighbors: { "10.0.0.1": ONE } },
      { ports: { "c/eth0": { addresses: ["10.0.0.2/24"] } } },
      ["removeNeighbor blue 10.0.0.1", "setNeighbor blue 10.0.0.2", "changePort blue c/eth0"],
    ],
    ["a port's MAC leads nowhere else", {}, { fdb: { [ONE]: FAR }, ports: { "c/eth0": {} } }, ["addPort blue c/eth0"]],
    ["an endpoint that comes here", { fdb: { [ONE]: FAR } }, { ports: { "c/eth0": {} } }, [`removeFdb blue ${ONE}`, "addPort blue c/eth0"]],
    ["an endpoint that leaves", { ports: { "c/eth0": {} } }, { fdb: { [ONE]: FAR } }, ["removePort blue c/eth0", `setFdb blue ${ONE}`]],
    [
      "an address is its port's, whatever else is said",
      { neighbors: { "10.0.0.1": ONE }, ports: { "c/eth0": { addresses: ["10.0.0.1/24"] } } },
      { neighbors: { "10.0.0.1": TWO }, ports: { "c/eth0": { addresses: ["10.0.0.1/24"] } } },
      [],
    ],
  ])("%s", (_, is, shall, actions) => {
    expect(between(is ? { blue: is } : {}, shall ? { blue: shall } : {})).toEqual(actions);
    // Whoever says what has changed gets the same.
    const all = { frame: true, macs: new Set([ONE, TWO, THREE]), ips: new Set(["10.0.0.1", "10.0.0.2"]) };
    expect(between(is ? { blue: is } : {}, shall ? { blue: shall } : {}, new Map([["blue", all]]))).toEqual(actions);
  });

  test("withdraws first, then networks, peers, entries changed, removed, added, and ports last", () => {
    const is = {
      blue: { fdb: { [ONE]: FAR, [TWO]: FAR }, ports: { "old/eth0": { mac: "02:00:00:00:00:08" } } },
      red: { settings: { name: "red", vni: 43 } },
    };
    const shall = {
      blue: { peers: [NEAR], fdb: { [ONE]: NEAR, [THREE]: FAR }, ports: { "new/eth0": { mac: "02:00:00:00:00:09" } } },
      green: { settings: { name: "green", vni: 44 } },
    };
    const actions = between(is, shall);
    expect(actions.slice(0, 2).sort()).toEqual(["removeNetwork red", "removePort blue old/eth0"]);
    expect(actions.slice(2)).toEqual([
      "addNetwork green",
      "setPeers blue",
      `setFdb blue ${ONE}`,
      `removeFdb blue ${TWO}`,
      `setFdb blue ${THREE}`,
      "addPort blue new/eth0",
    ]);
  });

  test("looks at nothing that is not dirty", () => {
    const is = { blue: { fdb: { [ONE]: FAR } }, red: { peers: [NEAR] } };
    const shall = { blue: { fdb: { [ONE]: NEAR, [TWO]: NEAR }, peers: [FAR] }, red: {} };
    const dirty = (part: { frame?: boolean; macs?: string[] }) =>
      between(is, shall, new Map([["blue", { frame: part.frame ?? false, macs: new Set(part.macs), ips: new Set<string>() }]]));
    expect(between(is, shall, new Map())).toEqual([]);
    expect(dirty({})).toEqual([]);
    expect(dirty({ macs: [TWO] })).toEqual([`setFdb blue ${TWO}`]);
    expect(dirty({ frame: true })).toEqual(["setPeers blue"]);
    expect(between({}, shall, new Map([["blue", { frame: false, macs: new Set<string>(), ips: new Set<string>() }]]))).toEqual([
      "addNetwork blue",
      "setPeers blue",
      `setFdb blue ${ONE}`,
      `setFdb blue ${TWO}`,
    ]);
  });
});

/** Does what is planned to plain maps, as the tables would: a port's MAC is its own, and what is removed must be there. */
function carryOut(actual: Map<string, DesiredNetwork>, actions: Action[]): void {
  for (const action of actions) {
    const { network: name, key } = action;
    if (action.do === "removeNetwork") {
      expect(actual.delete(name)).toBe(true);
      continue;
    }
    if (action.do === "addNetwork") {
      expect(actual.has(name)).toBe(false);
      actual.set(name, { ...networkOf({}), settings: action.settings });
      continue;
    }
    const network = actual.get(name) as DesiredNetwork;
    if (action.do === "changeNetwork") network.settings = action.settings;
    else if (action.do === "setPeers") network.peers = new Set(action.peers);
    else if (action.do === "setFdb") network.fdb.set(key, action.value);
    else if (action.do === "setNeighbor") network.neighbors.set(key, action.value);
    else if (action.do === "removeFdb") expect(network.fdb.delete(key)).toBe(true);
    else if (action.do === "removeNeighbor") expect(network.neighbors.delete(key)).toBe(true);
    else if (action.do === "removePort") expect(network.ports.delete(key)).toBe(true);
    else if (action.do === "addPort" || action.do === "changePort") {
      expect(network.ports.has(key)).toBe(action.do === "changePort");
      network.ports.set(key, action.port);
    }
  }
}

/** What the tables have when all is as desired: ports' MACs are not among the placed, their addresses are among the neighbours. */
function settled(desired: Desired): Map<string, DesiredNetwork> {
  const networks = [...desired].map(([name, network]): [string, DesiredNetwork] => {
    const fdb = new Map(network.fdb);
    const neighbors = new Map(network.neighbors);
    for (const { mac, addresses } of network.ports.values()) {
      fdb.delete(mac);
      for (const address of addresses) neighbors.set(address.split("/")[0], mac);
    }
    return [name, { ...network, fdb, neighbors }];
  });
  return new Map(networks);
}

const MACS = Array.from({ length: 6 }, (_, i) => `02:00:00:00:01:0${i}`);
const IPS = Array.from({ length: 5 }, (_, i) => `10.0.0.${i + 1}`);
const VTEPS = [NEAR, FAR, FARTHER];

const port = fc.record({
  mac: fc.constantFrom(...MACS),
  addresses: fc.subarray(
    IPS.map((ip) => `${ip}/24`),
    { maxLength: 2 },
  ),
});
const content: fc.Arbitrary<Content> = fc.record({
  settings: fc.record({ vni: fc.constantFrom(42, 42, 43), mtu: fc.constantFrom(null, 1400) }),
  peers: fc.subarray(VTEPS),
  fdb: fc.dictionary(fc.constantFrom(...MACS), fc.constantFrom(...VTEPS)),
  neighbors: fc.dictionary(fc.constantFrom(...IPS), fc.constantFrom(...MACS)),
  ports: fc.dictionary(fc.constantFrom("a/eth0", "b/eth0", "c/eth0"), port),
});
const contents = fc.dictionary(fc.constantFrom("blue", "red", "green"), content);

describe("what is planned makes what is what shall be", () => {
  test("all of it", () => {
    const property = fc.property(contents, contents, (is, shall) => {
      const actual = settled(state(is));
      const desired = state(shall);
      carryOut(actual, plan(actual, desired, "all"));
      expect(actual).toEqual(settled(desired));
      expect(plan(actual, desired, "all")).toEqual([]);
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("from change to change, by what is dirty alone", () => {
    const property = fc.property(contents, fc.array(contents, { minLength: 1, maxLength: 4 }), (first, later) => {
      let desired: Desired = state(first);
      const actual = settled(desired);
      for (const next of later.map(state)) {
        carryOut(actual, plan(actual, next, differences(desired, next)));
        expect(actual).toEqual(settled(next));
        desired = next;
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
