import { beforeEach, describe, expect, test } from "vitest";
import { TX_PAYLOAD_BYTES_MAX } from "../../../assembly/abi/limits.ts";
import { NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { ethernet, udpFrame } from "../../oracle/wire.ts";
import { A, BLUE, BLUE_VNI, builds, C, IP4, IP6, small, standardWorld } from "../../oracle/world.ts";

describe.each(builds)("$build: what fits the path", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  const sent = (frame: Uint8Array) => harness.egress([{ port: 1, frame }]).sends.length;

  test.each([IP4, IP6])("is measured without Ethernet header and tag ($source)", (header) => {
    const overhead = header === IP4 ? 28 : 48;
    harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_VLAN_TAGS });
    for (const tag of [{}, { tci: 9 }]) {
      const frame = (bytes: number) => udpFrame({ to: C, from: A, ...tag }, header, { from: 1, to: 2 }, new Uint8Array(bytes - overhead));
      expect([sent(frame(1449)), sent(frame(1450)), sent(frame(1451))]).toEqual([1, 1, 0]);
    }
  });

  test("is measured for frames of other protocols too", () => {
    const frame = (bytes: number) => ethernet({ to: C, from: A }, 0x88b5, new Uint8Array(bytes));
    expect([sent(frame(1450)), sent(frame(1451))]).toEqual([1, 0]);
  });

  test("follows the path's MTU when that changes", () => {
    expect(sent(small(C, A, 1300))).toBe(1);
    harness.entries.setVtepMtu(1, 1000);
    expect(sent(small(C, A, 1300))).toBe(0);
  });

  test("never exceeds what one send can carry, whatever the tables say", () => {
    harness.network(BLUE, { vni: BLUE_VNI, mtu: 0x7fffffff, flags: NETWORK_VLAN_TAGS });
    harness.vtep(1, "192.0.2.2", 0x7fffffff);
    for (const tag of [{}, { tci: 9 }]) {
      for (let bytes = 65_300; bytes <= 65_450; bytes++) {
        const frame = udpFrame({ to: C, from: A, ...tag }, IP4, { from: 1, to: 2 }, new Uint8Array(bytes));
        const { sends } = harness.egress([{ port: 1, frame }]);
        expect(sends.length).toBe(bytes + 28 <= TX_PAYLOAD_BYTES_MAX - 26 ? 1 : 0);
      }
    }
  });
});
