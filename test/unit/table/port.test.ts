import { expect, test } from "vitest";
import { PORTS_MAX, VTEPS_MAX } from "../../../assembly/abi/limits.ts";
import { PORT_CLOSING, PORT_FREE, PORT_UP } from "../../../assembly/abi/port.ts";
import { V_FAMILY, V_MTU } from "../../../assembly/abi/vtep.ts";
import { Entries } from "../../../host/core/entries.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { Probe } from "../../oracle/probe.ts";

const probe = new Probe();
const entries = new Entries(probe.memory);

test.each([1, 77, PORTS_MAX - 1])("port %d is up only while it is, and on its network", (port) => {
  expect(probe.call.portIsUp(port)).toBe(0);
  entries.setPort(port, { fd: 5, owner: 0, network: 9, mac: 0xfedcba987654 });
  expect([probe.call.portIsUp(port), probe.call.portNetwork(port)]).toEqual([1, 9]);
  for (const state of [PORT_CLOSING, PORT_FREE]) {
    entries.setPortState(port, state);
    expect(probe.call.portIsUp(port)).toBe(0);
  }
  entries.setPortState(port, PORT_UP);
  expect(probe.call.portIsUp(port)).toBe(1);
});

test("VTEPs by index", () => {
  entries.setVtep(VTEPS_MAX - 1, { family: 6, port: 4789, mtu: 1430, address: parseIp("2001:db8::1") });
  const at = probe.call.vtepAt(VTEPS_MAX - 1);
  expect([probe.view.getUint32(at + V_FAMILY, true), probe.view.getUint32(at + V_MTU, true)]).toEqual([6, 1430]);
});
