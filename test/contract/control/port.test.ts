import { afterEach, beforeEach, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { giveToWorkers, interfaceOf, isGiven, isOwn, type Port, placeOf, takeFromWorkers } from "../../../host/control/port.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { LoopbackPlane, networkConfig } from "./plane.ts";

const CONFIG = { netns: "nowhere", interface: "eth0", addresses: ["10.0.0.1/24"], mac: "02:00:00:00:00:01" };

let open: LoopbackPlane;
let port: Port;
beforeEach(async () => {
  open = await LoopbackPlane.open([networkConfig({ mtu: 1400, ports: [CONFIG] })], { workers: 2 });
  port = open.forwarding.ports.at(1) as Port;
  port.fd = 77;
});
afterEach(async () => {
  port.fd = -1;
  await open.close();
});

test("its interface is what its network and its configuration say", () => {
  expect(isOwn(port) && placeOf(port)).toEqual({ netnsPath: "/run/netns/nowhere", interface: "eth0" });
  expect(interfaceOf(port, CONFIG, "a")).toMatchObject({
    netnsPath: "/run/netns/nowhere",
    interface: "eth0",
    mtu: 1400,
    mac: CONFIG.mac,
    addresses: CONFIG.addresses,
    alias: "weft:a/blue",
  });
});

test("it has no IPv6 address on a network whose MTU is too small for that, and says what to do", () => {
  const six = { ...CONFIG, addresses: ["10.0.0.1/24", "fd00::1/64"] };
  port.network.mtu = 1280;
  expect(interfaceOf(port, six, "a").addresses).toEqual(six.addresses);
  port.network.mtu = 1279;
  expect(() => interfaceOf(port, six, "a")).toThrow(
    new OperationError("IPv6 needs an MTU of 1280 and the network has 1279: raise the underlay's MTU, or leave fd00::1/64 out"),
  );
  expect(interfaceOf(port, CONFIG, "a").mtu).toBe(1279);
});

test("in the workers' hands it has a row and an entry, and both are missed when they are not right", () => {
  const { plane } = open;
  expect(isGiven(plane, port)).toBe(false);
  giveToWorkers(plane, port);
  expect([isGiven(plane, port), port.up, port.opened]).toEqual([true, true, 1]);
  expect(plane.entries.port(1)[abi.P_OWNER / 4]).toBe(0);
  for (const word of [abi.P_STATE, abi.P_NETWORK, abi.P_MAC, abi.P_MAC + 4]) {
    plane.entries.port(1)[word / 4] ^= 1;
    expect(isGiven(plane, port)).toBe(false);
    giveToWorkers(plane, port);
  }
  plane.tables.setFdb(1, parseMac(CONFIG.mac), { kind: "port", index: 2, isStatic: true });
  expect(isGiven(plane, port)).toBe(false);
});

test("taken from them it is closing, and nothing leads to it any more", () => {
  const { plane } = open;
  giveToWorkers(plane, port);
  plane.tables.setFdb(1, 99, { kind: "port", index: 1, isStatic: false });
  takeFromWorkers(plane, port);
  expect([port.up, plane.entries.port(1)[abi.P_STATE / 4]]).toEqual([false, abi.PORT_CLOSING]);
  expect([plane.tables.fdb(1, parseMac(CONFIG.mac)), plane.tables.fdb(1, 99)]).toEqual([undefined, undefined]);
});
