import { describe, expect, test } from "vitest";
import { checkedDriver, checkedName, checkedNetworkName, networkOptions } from "../../../../host/model/cluster/network-options.ts";
import { UsageError } from "../../../../host/model/errors.ts";

describe("names", () => {
  test.each(["a", "0", "Blue-1_x.y", "a".repeat(63)])("%s is one", (name) => {
    expect(checkedNetworkName(name)).toBe(name);
  });

  test.each(["", "-a", ".a", "a b", "a/b", "ä", "a\n", "a".repeat(64), "host", "none", "bridge", "default"])("%j is none", (name) => {
    expect(() => checkedNetworkName(name)).toThrow(UsageError);
  });

  test("a node may be called host", () => {
    expect(checkedName("node", "host")).toBe("host");
    expect(() => checkedName("node", "a b")).toThrow('invalid node name "a b"');
  });
});

test("the driver is overlay", () => {
  expect(checkedDriver("overlay")).toBeUndefined();
  expect(() => checkedDriver("macvlan")).toThrow('driver "macvlan" is not known: networks here are of driver overlay');
});

describe("options", () => {
  const VXLANID_LIST = "com.docker.network.driver.overlay.vxlanid_list";
  const MTU = "com.docker.network.driver.mtu";
  test.each<[Record<string, string>, { vni: number | null; mtu: number | null }]>([
    [{}, { vni: null, mtu: null }],
    [{ vni: "1" }, { vni: 1, mtu: null }],
    [
      { [VXLANID_LIST]: "16777214", [MTU]: "65485" },
      { vni: 16777214, mtu: 65485 },
    ],
    [{ mtu: "576" }, { vni: null, mtu: 576 }],
  ])("%j", (options, read) => {
    expect(networkOptions(options, false)).toEqual(read);
  });

  test.each<[Record<string, string>, string]>([
    [{ vni: "0" }, "option vni=0: a VNI is from 1 to 16777214"],
    [{ vni: "16777216" }, "a VNI is from 1 to 16777214"],
    [{ vni: "16777215" }, "VNI 16777215 is kept for probes between hosts"],
    [{ vni: "-1" }, "option vni=-1 is not a whole number"],
    [{ vni: "" }, "option vni= is not a whole number"],
    [{ [VXLANID_LIST]: "1,2" }, "a network has one VNI, however many subnets"],
    [{ vni: "1", [VXLANID_LIST]: "1" }, "are the same thing: give one"],
    [{ mtu: "575" }, "option mtu: MTU 575 is less than 576 bytes"],
    [{ mtu: "65486" }, "option mtu: MTU 65486 is more than 65485 bytes"],
    [{ mtu: "1e3" }, "option mtu=1e3 is not a whole number"],
    [{ encrypted: "", dsr: "" }, "unknown option encrypted, dsr: a network takes vni and mtu"],
  ])("%j: %s", (options, message) => {
    expect(() => networkOptions(options, false)).toThrow(UsageError);
    expect(() => networkOptions(options, false)).toThrow(message);
  });

  test("IPv6 needs more of an MTU", () => {
    expect(networkOptions({ mtu: "1280" }, true).mtu).toBe(1280);
    expect(() => networkOptions({ mtu: "1279" }, true)).toThrow("option mtu=1279: IPv6 needs at least 1280 bytes");
  });
});
