import { beforeEach, describe, expect, test } from "vitest";
import { NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import { PORT_CLOSING } from "../../../assembly/abi/port.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { ethernet, udpFrame, vxlan } from "../../oracle/wire.ts";
import {
  A,
  B,
  BLUE,
  BLUE_VNI,
  BROADCAST,
  builds,
  C,
  D,
  hex,
  IP4,
  RED,
  RED_VNI,
  STRANGER,
  small,
  standardWorld,
  superframe,
} from "../../oracle/world.ts";

describe.each(builds)("$build: a frame from a port", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  const dropped = (frame: Uint8Array, more = {}) => {
    const { sends, writes } = harness.egress([{ port: 1, frame, ...more }]);
    expect([sends, writes]).toEqual([[], []]);
    return harness.takeFrames(BLUE);
  };

  describe("goes", () => {
    test("to the VTEP that the FDB names, byte for byte behind the VXLAN header", () => {
      const frame = small(C, A);
      const { sends, writes } = harness.egress([{ port: 1, frame }]);
      expect(writes).toEqual([]);
      expect(sends).toHaveLength(1);
      expect(sends[0]).toMatchObject({ vtep: 1, network: BLUE, tos: 0, ttl: 64, segmentBytes: frame.length + 8 });
      expect(hex(sends[0].segments[0])).toBe(hex(vxlan(BLUE_VNI, frame)));
      expect(harness.take(BLUE)).toEqual({
        received_port: 1,
        received_port_bytes: frame.length,
        sent: 1,
        sent_bytes: frame.length,
      });
    });

    test("with its own network's VNI: the same MACs on another network are other hosts", () => {
      const { sends } = harness.egress([{ port: 3, frame: small(C, A) }]);
      expect(hex(sends[0].segments[0])).toBe(hex(vxlan(RED_VNI, small(C, A))));
      expect(harness.takeFrames(RED)).toEqual({ received_port: 1, sent: 1 });
      expect(harness.take(BLUE)).toEqual({});
    });

    test("to a port of this host as it was read, superframe and all", () => {
      const { frame, vnet } = superframe({ to: B, from: A }, new Uint8Array(5000), 1400);
      const { sends, writes } = harness.egress([{ port: 1, frame, vnet }]);
      expect(sends).toEqual([]);
      expect(writes).toHaveLength(1);
      expect(writes[0]).toMatchObject({ port: 2, network: BLUE, frames: 4, vnet });
      expect(hex(writes[0].frame)).toBe(hex(frame));
      const bytes = frame.length + 3 * 54;
      expect(harness.take(BLUE)).toEqual({ received_port: 4, received_port_bytes: bytes, delivered: 4, delivered_bytes: bytes });
    });

    test("nowhere when it would go back: same_port", () => {
      harness.fdb(BLUE, STRANGER, "port", 1);
      expect(dropped(small(STRANGER, A))).toEqual({ received_port: 1, drop_same_port: 1 });
    });

    test("nowhere when its port is closing: port_down", () => {
      harness.entries.setPortState(2, PORT_CLOSING);
      expect(dropped(small(B, A))).toEqual({ received_port: 1, drop_port_down: 1 });
    });

    test("in the order in which frames came, a batch at a time", () => {
      const frames = Array.from({ length: 200 }, (_, i) => ({ port: 1, frame: small(i % 3 === 0 ? B : C, A, i) }));
      const { sends, writes } = harness.egress(frames);
      expect(writes.map(({ frame }) => frame.length - 42)).toEqual(frames.map((_, i) => i).filter((i) => i % 3 === 0));
      expect(sends.flatMap(({ segments }) => segments.map(({ length }) => length - 50))).toEqual(
        frames.map((_, i) => i).filter((i) => i % 3 !== 0),
      );
    });
  });

  describe("is dropped", () => {
    test.each([
      ["a group address", 0x010000000001],
      ["broadcast", BROADCAST],
      ["zero", 0],
    ])("when its source is %s", (_, source) => {
      expect(dropped(small(C, source))).toEqual({ received_port: 1, drop_mac_invalid_source: 1 });
    });

    test("when it is for 01-80-c2-00-00-00..0f, and only then", () => {
      for (let low = 0; low < 16; low++) {
        expect(dropped(small(0x0180c2000000 + low, A))).toEqual({ received_port: 1, drop_mac_ieee_mac_control: 1 });
      }
      for (const to of [0x0180c2000010, 0x0180c1ffffff, 0x0180c3000000]) {
        expect(harness.egress([{ port: 1, frame: small(to, A) }]).sends).toHaveLength(2);
      }
    });

    test("when it is tagged, unless the network allows it", () => {
      const tagged = udpFrame({ to: C, from: A, tci: 5 }, IP4, { from: 1, to: 2 }, new Uint8Array(9));
      expect(dropped(tagged)).toEqual({ received_port: 1, drop_vlan_tagged: 1 });
      harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_VLAN_TAGS });
      const { sends } = harness.egress([{ port: 1, frame: tagged }]);
      expect(hex(sends[0].segments[0])).toBe(hex(vxlan(BLUE_VNI, tagged)));
    });

    test("when its source is another port's or another host's by the control plane's word", () => {
      for (const source of [B, C, D]) expect(dropped(small(STRANGER, source))).toEqual({ received_port: 1, drop_vxlan_entry_exists: 1 });
    });

    test("when it is cut short", () => {
      expect(dropped(small(C, A), { truncated: true })).toEqual({ received_port: 1, drop_hdr_trunc: 1 });
      expect(dropped(small(C, A), { length: 0 })).toEqual({ received_port: 1, drop_pkt_too_small: 1 });
      expect(dropped(small(C, A), { length: 9 })).toEqual({ received_port: 1, drop_pkt_too_small: 1 });
      expect(dropped(small(C, A), { length: 10 })).toEqual({ received_port: 1, drop_pkt_too_small: 1 });
      expect(dropped(small(C, A), { length: 23 })).toEqual({ received_port: 1, drop_pkt_too_small: 1 });
      expect(dropped(small(C, A), { length: 24 })).toEqual({ received_port: 1, drop_hdr_trunc: 1 });
      expect(dropped(ethernet({ to: C, from: A }, 0x8100, Uint8Array.of(0, 1, 8)))).toEqual({ received_port: 1, drop_hdr_trunc: 1 });
    });

    test("when its IP header is none", () => {
      const frame = small(C, A);
      frame[14] = 0x44;
      expect(dropped(frame)).toEqual({ received_port: 1, drop_ip_inhdr: 1 });
      frame[14] = 0x65;
      expect(dropped(frame)).toEqual({ received_port: 1, drop_ip_inhdr: 1 });
    });
  });

  test("nothing but what was told to the counters happens to a frame of no protocol of ours", () => {
    const frame = ethernet({ to: C, from: A }, 0x88b5, new Uint8Array(64).fill(7));
    const { sends } = harness.egress([{ port: 1, frame }]);
    expect(hex(sends[0].segments[0])).toBe(hex(vxlan(BLUE_VNI, frame)));
  });
});
