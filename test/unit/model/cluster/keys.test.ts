import { expect, test } from "vitest";
import * as keys from "../../../../host/model/cluster/keys.ts";

test.each([
  [keys.tokenKey("worker"), "/weft/v1/token/worker"],
  [keys.nodeKey("n1"), "/weft/v1/node/n1"],
  [keys.aliveKey("n1"), "/weft/v1/alive/n1"],
  [keys.reportKey("n1"), "/weft/v1/report/n1"],
  [keys.networkKey("w1"), "/weft/v1/network/w1"],
  [keys.networkNameKey("blue"), "/weft/v1/network-name/blue"],
  [keys.vniKey(4096), "/weft/v1/vni/4096"],
  [keys.endpointKey("w1", "n1", "e1"), "/weft/v1/endpoint/w1/n1/e1"],
  [keys.addressKey("w1", "fd00::1"), "/weft/v1/address/w1/fd00::1"],
  [keys.macKey("w1", "02:00:00:00:00:01"), "/weft/v1/mac/w1/02:00:00:00:00:01"],
])("%s", (key, expected) => {
  expect(key).toBe(expected);
});

test("a network's prefixes end where its name ends: w1 is not the beginning of w10", () => {
  expect(keys.networkEndpoints("w1")).toBe("/weft/v1/endpoint/w1/");
  expect(keys.networkAddresses("w1")).toBe("/weft/v1/address/w1/");
  expect(keys.networkMacs("w1")).toBe("/weft/v1/mac/w1/");
});

test("the parts of a key", () => {
  expect(keys.partsOf(keys.endpointKey("w1", "n1", "e1"), keys.ENDPOINTS)).toEqual(["w1", "n1", "e1"]);
});
