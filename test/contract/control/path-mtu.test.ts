// What probes found of a path, on loopback, where the kernel believes that everything is carried. test/netns/control/path-mtu.test.ts has the kernel's part.

import { afterEach, beforeEach, expect, test } from "vitest";
import { V_MTU } from "../../../assembly/abi/vtep.ts";
import { PathMtus } from "../../../host/control/path-mtu.ts";
import { LoopbackPlane, networkConfig, OWN } from "./plane.ts";

const PEER = "127.0.0.2";

let open: LoopbackPlane;
let mtus: PathMtus;
let told: [string, number][];
beforeEach(async () => {
  open = await LoopbackPlane.open([networkConfig({ peers: [PEER, "127.0.0.3"] })]);
  told = [];
  const { plane, forwarding, config } = open;
  const onPathMtu = (vtep: string, mtu: number) => told.push([vtep, mtu]);
  mtus = new PathMtus({ plane, vteps: forwarding.vteps, own: OWN, dataPort: config.node.dataPort, onPathMtu });
});
afterEach(async () => {
  mtus.stop();
  await open.close();
});

const indexOf = (address: string) => open.forwarding.vteps.all.find((vtep) => vtep.address === address)?.index ?? 0;
const mtuOf = (address: string) => open.plane.entries.vtep(indexOf(address))[V_MTU / 4];

test("holds whatever the kernel believes, for that VTEP alone, and is told once", () => {
  mtus.limit(PEER, 1400);
  mtus.limit(PEER, 1400);
  mtus.look(indexOf(PEER));
  mtus.look(indexOf("127.0.0.3"));
  expect([mtuOf(PEER), mtuOf("127.0.0.3"), told]).toEqual([1350, 1450, [[PEER, 1350]]]);
});

test("ends when more comes through, and never gives more than the underlay takes nor less than a network can do with", () => {
  mtus.limit(PEER, 100);
  mtus.limit(PEER, 9000);
  mtus.look(indexOf(PEER));
  expect([mtuOf(PEER), told]).toEqual([
    1450,
    [
      [PEER, 576],
      [PEER, 1450],
    ],
  ]);
});

test("of a VTEP that is not there changes nothing", () => {
  mtus.limit("127.0.0.9", 1400);
  expect(told).toEqual([]);
});
