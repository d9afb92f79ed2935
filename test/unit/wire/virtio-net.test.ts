import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { vnetOf } from "../../oracle/vnet.ts";

const probe = new Probe();

test("a header is written field by field, and nothing around it", () => {
  const at = probe.put(new Uint8Array(16).fill(0xa5)) + 3;
  probe.call.writeVnet(at, 4, 74, 1400, 54, 16);
  expect(vnetOf(probe.get(at, 10))).toEqual({ flags: 1, gsoType: 4, hdrLen: 74, gsoSize: 1400, csumStart: 54, csumOffset: 16 });
  expect([...probe.get(at - 3, 3), ...probe.get(at + 10, 3)]).toEqual(Array(6).fill(0xa5));
});

test("cleared it says nothing of the frame", () => {
  const at = probe.put(new Uint8Array(16).fill(0xa5)) + 3;
  probe.call.clearVnet(at);
  expect([...probe.get(at - 3, 16)]).toEqual([...Array(3).fill(0xa5), ...Array(10).fill(0), ...Array(3).fill(0xa5)]);
});
