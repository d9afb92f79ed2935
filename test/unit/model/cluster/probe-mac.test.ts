import { expect, test } from "vitest";
import { newId } from "../../../../host/model/cluster/ids.ts";
import { probeMac } from "../../../../host/model/cluster/probe-mac.ts";
import { parseUnicastMac } from "../../../../host/model/mac.ts";

test("is the same for a node at every time, since all nodes must agree on it", () => {
  expect(probeMac("0123456789abcdefghijklmno")).toBe("c2:c4:20:e8:68:24");
});

test("is one that an interface may have, locally administered, and another for each node", () => {
  const macs = Array.from({ length: 500 }, () => probeMac(newId()));
  for (const mac of macs) expect((Number.parseInt(mac.slice(0, 2), 16) & 3) === 2 && parseUnicastMac(mac) > 0).toBe(true);
  expect(new Set(macs).size).toBe(500);
});
