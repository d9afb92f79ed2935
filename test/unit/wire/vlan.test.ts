import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";

const probe = new Probe();

test("tags are 802.1Q's and 802.1ad's, no other type", () => {
  const types = Array.from({ length: 65536 }, (_, type) => type).filter((type) => probe.call.isVlanType(type));
  expect(types).toEqual([0x8100, 0x88a8]);
});
