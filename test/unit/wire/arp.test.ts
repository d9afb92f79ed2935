import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { arpFrame } from "../../oracle/wire.ts";

const probe = new Probe();
const request = (operation = 1) =>
  arpFrame({ to: 2, from: 1 }, { operation, senderMac: 1, senderIp: "10.0.0.1", targetIp: "10.0.0.2" }).subarray(14);

test("a request is Ethernet, IPv4, lengths 6 and 4, operation 1", () => {
  expect(probe.call.isArpRequest(probe.put(request(), 14))).toBe(1);
  for (const operation of [0, 2, 3, 255]) expect(probe.call.isArpRequest(probe.put(request(operation)))).toBe(0);
});

test("a bit elsewhere in its fixed part makes it none", () => {
  for (let bit = 0; bit < 64; bit++) {
    const bytes = request().slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    expect(probe.call.isArpRequest(probe.put(bytes)), `bit ${bit}`).toBe(0);
  }
});

test("what follows does not matter", () => {
  const bytes = request().slice().fill(0xff, 8);
  expect(probe.call.isArpRequest(probe.put(bytes))).toBe(1);
});
