import { beforeEach, describe, expect, test } from "vitest";
import { NETWORK_LEARNING, NETWORK_RESERVED_BITS, NETWORK_UNLISTED_SOURCES, NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import { PORT_CLOSING } from "../../../assembly/abi/port.ts";
import { SPACE_VTEP } from "../../../assembly/abi/table.ts";
import { parseIp } from "../../../host/model/ip.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { Random } from "../../oracle/random.ts";
import { routingHeader } from "../../oracle/route.ts";
import { udpFrame, vxlan } from "../../oracle/wire.ts";
import {
  A,
  B,
  BLUE,
  BLUE_VNI,
  BROADCAST,
  builds,
  C,
  D,
  datagram,
  hex,
  IP4,
  IP6,
  RED,
  RED_VNI,
  STRANGER,
  small,
  standardWorld,
  tcpTo,
  train,
  VTEP2,
} from "../../oracle/world.ts";

describe.each(builds)("$build: a datagram from the underlay", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  const plainVnet = { flags: 0, gsoType: 0, hdrLen: 0, gsoSize: 0, csumStart: 0, csumOffset: 0 };
  const dropped = (packet: Uint8Array, more = {}) => {
    const { sends, writes } = harness.ingress([{ bytes: packet, source: "192.0.2.2", ...more }]);
    expect([sends, writes]).toEqual([[], []]);
    return { nowhere: harness.takeFrames(0), blue: harness.takeFrames(BLUE), red: harness.takeFrames(RED) };
  };
  const only = (reason: string) => ({ nowhere: {}, blue: { received_underlay: 1, [`drop_${reason}`]: 1 }, red: {} });
  const nowhere = (reason: string) => ({ nowhere: { received_underlay: 1, [`drop_${reason}`]: 1 }, blue: {}, red: {} });

  describe("is delivered", () => {
    test.each([IP4, IP6])("to the port that the FDB names, untouched ($source)", (header) => {
      const frame = small(A, C, 100, header);
      const { sends, writes } = harness.ingress([datagram(frame)]);
      expect(sends).toEqual([]);
      expect(writes).toHaveLength(1);
      expect(writes[0]).toMatchObject({ port: 1, network: BLUE, frames: 1, frameBytes: frame.length, vnet: plainVnet });
      expect(hex(writes[0].frame)).toBe(hex(frame));
      expect(harness.take(BLUE)).toEqual({
        received_underlay: 1,
        received_underlay_bytes: frame.length,
        delivered: 1,
        delivered_bytes: frame.length,
      });
    });

    test("on the network of its VNI alone", () => {
      const { writes } = harness.ingress([datagram(small(A, C), RED_VNI)]);
      expect(writes.map(({ port, network }) => [port, network])).toEqual([[3, RED]]);
      expect(harness.take(BLUE)).toEqual({});
    });

    test("segment by segment when the kernel merged several", () => {
      const frames = [B, A, B, A].map((to, i) => small(to, C, i === 3 ? 7 : 64, IP4, { from: i, to: 9 }));
      const { writes } = harness.ingress([train(frames)]);
      expect(writes.map(({ port, frame }) => [port, hex(frame)])).toEqual(frames.map((frame, i) => [i % 2 === 0 ? 2 : 1, hex(frame)]));
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 4, delivered: 4 });
    });

    test("over IPv6 too", () => {
      const { writes } = harness.ingress([{ bytes: vxlan(BLUE_VNI, small(A, D)), source: VTEP2 }]);
      expect(writes).toHaveLength(1);
    });

    test("with its Ethernet padding", () => {
      const padded = new Uint8Array(60);
      padded.set(small(A, C, 1));
      expect(harness.ingress([datagram(padded)]).writes[0].frame).toHaveLength(60);
    });
  });

  describe("is dropped", () => {
    test("without the I flag, or shorter than its header", () => {
      const frame = small(A, C);
      expect(dropped(vxlan(BLUE_VNI, frame, 0))).toEqual(nowhere("vxlan_invalid_hdr"));
      expect(dropped(vxlan(BLUE_VNI, frame, 0xf7))).toEqual(nowhere("vxlan_invalid_hdr"));
      for (let bytes = 0; bytes < 8; bytes++)
        expect(dropped(vxlan(BLUE_VNI, frame).subarray(0, bytes))).toEqual(nowhere("vxlan_invalid_hdr"));
    });

    test("with any one reserved bit set, unless the network ignores them", () => {
      for (const ignored of [false, true]) {
        harness.network(BLUE, { vni: BLUE_VNI, flags: ignored ? NETWORK_RESERVED_BITS : 0 });
        for (let bit = 0; bit < 64; bit++) {
          if (bit === 4 || (bit >= 32 && bit < 56)) continue; // the I flag, and the VNI
          const packet = vxlan(BLUE_VNI, small(A, C));
          packet[bit >> 3] |= 0x80 >> (bit & 7);
          if (ignored) expect(harness.ingress([{ bytes: packet }]).writes, `bit ${bit}`).toHaveLength(1);
          else expect(dropped(packet), `bit ${bit}`).toEqual(only("vxlan_reserved_bits"));
        }
        harness.take(BLUE);
      }
    });

    test("when its VNI is none of ours, whichever bit differs", () => {
      for (let bit = 0; bit < 24; bit++) {
        const vni = BLUE_VNI ^ (1 << bit);
        if (vni !== RED_VNI) expect(dropped(vxlan(vni, small(A, C)))).toEqual(nowhere("vxlan_vni_not_found"));
      }
      harness.network(3, { vni: 0xffffff });
      harness.flood(3, { vteps: [1] });
      harness.ingress([datagram(small(A, C), 0xffffff)]);
      expect(harness.takeFrames(3)).toEqual({ received_underlay: 1, drop_no_tx_target: 1 });
    });

    test("and its bytes are its own, not those of the datagram before", () => {
      harness.ingress([datagram(small(A, C, 1000)), datagram(small(A, C, 10), 999)]);
      expect(harness.take(0)).toMatchObject({ received_underlay: 1, received_underlay_bytes: 52 });
    });

    test("when it comes from no peer of that network, unless unlisted sources are allowed", () => {
      const packet = vxlan(BLUE_VNI, small(A, STRANGER));
      expect(dropped(packet, { source: "192.0.2.99" })).toEqual(only("vxlan_unlisted_source"));
      // A VTEP of another network only.
      harness.vtep(3, "192.0.2.3");
      harness.flood(RED, { ports: [3], vteps: [3] });
      expect(dropped(packet, { source: "192.0.2.3" })).toEqual(only("vxlan_unlisted_source"));
      harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_UNLISTED_SOURCES | NETWORK_LEARNING });
      for (const source of ["192.0.2.99", "192.0.2.3"]) expect(harness.ingress([{ bytes: packet, source }]).writes).toHaveLength(1);
    });

    test("when it bears this host's own address: a loop", () => {
      // The host's own address is written down as VTEP 0.
      harness.tables.setVtepAddress(parseIp("192.0.2.1"), 0);
      expect(SPACE_VTEP).toBeGreaterThan(0xffff);
      expect(dropped(vxlan(BLUE_VNI, small(A, C)), { source: "192.0.2.1" })).toEqual(only("looped"));
      harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_UNLISTED_SOURCES });
      expect(dropped(vxlan(BLUE_VNI, small(A, C)), { source: "192.0.2.1" })).toEqual(only("looped"));
    });

    test("when it is cut short", () => {
      expect(dropped(vxlan(BLUE_VNI, small(A, C)), { truncated: true })).toEqual(only("hdr_trunc"));
      expect(dropped(vxlan(BLUE_VNI, new Uint8Array(0)))).toEqual(only("pkt_too_small"));
      expect(dropped(vxlan(BLUE_VNI, small(A, C).subarray(0, 13)))).toEqual(only("pkt_too_small"));
      expect(dropped(vxlan(BLUE_VNI, small(A, C).subarray(0, 33)))).toEqual(only("hdr_trunc"));
      expect(dropped(vxlan(BLUE_VNI, small(A, C).subarray(0, 60)))).toEqual(only("hdr_trunc"));
    });

    test("when its frame is tagged, unless the network allows it", () => {
      const tagged = udpFrame({ to: A, from: C, tci: 7 }, IP4, { from: 1, to: 2 }, new Uint8Array(9));
      expect(dropped(vxlan(BLUE_VNI, tagged))).toEqual(only("vlan_tagged"));
      harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_VLAN_TAGS });
      expect(hex(harness.ingress([datagram(tagged)]).writes[0].frame)).toBe(hex(tagged));
    });

    test("when its frame's source is nobody's, or its destination stays on a link", () => {
      for (const source of [0, BROADCAST, 0x030000000001])
        expect(dropped(vxlan(BLUE_VNI, small(A, source)))).toEqual(only("mac_invalid_source"));
      for (const low of [0, 1, 0xf]) expect(dropped(vxlan(BLUE_VNI, small(0x0180c2000000 + low, C)))).toEqual(only("mac_ieee_mac_control"));
    });

    test("when its frame is for another VTEP: split horizon", () => {
      expect(dropped(vxlan(BLUE_VNI, small(D, C)))).toEqual(only("split_horizon"));
      expect(dropped(vxlan(BLUE_VNI, small(C, STRANGER)))).toEqual(only("split_horizon"));
    });

    test("when its frame says that it comes from a local port, or from another VTEP than the control plane knows", () => {
      expect(dropped(vxlan(BLUE_VNI, small(A, B)))).toEqual(only("local_mac"));
      expect(dropped(vxlan(BLUE_VNI, small(A, D)))).toEqual(only("vxlan_entry_exists"));
    });

    test("when its port is closing", () => {
      harness.entries.setPortState(1, PORT_CLOSING);
      expect(dropped(vxlan(BLUE_VNI, small(A, C)))).toEqual(only("port_down"));
    });
  });

  describe("from a Linux peer on the same machine", () => {
    const payload = new Random(4).bytes(20_000);
    const routed = { ...IP6, extensions: [routingHeader(4, ["fd00::7", "fd00::8"])] };
    const headers = [
      { name: "IPv4", header: IP4, ipBytes: 20 },
      { name: "IPv6", header: IP6, ipBytes: 40 },
      { name: "IPv6 with segments left", header: routed, ipBytes: 80 },
    ];

    test.each(headers)("a whole TCP superframe is one write with the MTU's segment size ($name)", ({ header, ipBytes }) => {
      const frame = tcpTo(A, C, payload, 77, header, { sum: "partial" });
      const { writes } = harness.ingress([datagram(frame)]);
      const gsoSize = 1450 - ipBytes - 20;
      const segments = Math.ceil(payload.length / gsoSize);
      expect(writes).toHaveLength(1);
      expect(writes[0]).toMatchObject({
        frames: segments,
        frameBytes: payload.length + segments * (14 + ipBytes + 20),
        vnet: { flags: 1, gsoType: header === IP4 ? 1 : 4, hdrLen: 14 + ipBytes + 20, gsoSize, csumStart: 14 + ipBytes, csumOffset: 16 },
      });
      expect(hex(writes[0].frame)).toBe(hex(frame));
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: segments, delivered: segments });
    });

    test.each(headers)("a partial checksum goes up as one ($name)", ({ header, ipBytes }) => {
      for (const [frame, csumOffset] of [
        [tcpTo(A, C, payload.subarray(0, 500), 77, header, { sum: "partial" }), 16],
        [udpFrame({ to: A, from: C }, header, { from: 1, to: 2, sum: "partial" }, payload.subarray(0, 99)), 6],
      ] as const) {
        const { writes } = harness.ingress([datagram(frame)]);
        expect(writes[0].vnet).toEqual({ ...plainVnet, flags: 1, csumStart: 14 + ipBytes, csumOffset });
        expect(hex(writes[0].frame)).toBe(hex(frame));
      }
    });

    test("a UDP superframe is cut where the kernel says", () => {
      const frame = udpFrame({ to: A, from: C }, IP4, { from: 1, to: 2, sum: "partial" }, payload);
      const { writes } = harness.ingress([{ ...datagram(frame), segmentBytes: 1400 }]);
      expect(writes).toHaveLength(1);
      expect(writes[0]).toMatchObject({
        frames: 15,
        frameBytes: payload.length + 15 * 42,
        vnet: { flags: 1, gsoType: 5, hdrLen: 42, gsoSize: 1400, csumStart: 34, csumOffset: 6 },
      });
      expect(hex(writes[0].frame)).toBe(hex(frame));
    });

    test("a large UDP datagram of which the kernel says nothing stays one frame", () => {
      const frame = udpFrame({ to: A, from: C }, IP4, { from: 1, to: 2 }, payload);
      const { writes } = harness.ingress([datagram(frame)]);
      expect(writes[0]).toMatchObject({ frames: 1, frameBytes: frame.length, vnet: plainVnet });
    });

    test.each([IP4, IP6])("a finished one, from a larger MTU, is verified before it goes up unfinished ($source)", (header) => {
      const csum = header === IP4 ? 50 : 70;
      const [finished, partial, wrong] = (["full", "partial", "wrong"] as const).map((sum) =>
        tcpTo(A, C, payload.subarray(0, 8000), 77, header, { sum }),
      );
      const [write] = harness.ingress([datagram(finished)]).writes;
      expect(write).toMatchObject({ frames: 6, vnet: { flags: 1, gsoSize: header === IP4 ? 1410 : 1390 } });
      expect(hex(write.frame.subarray(0, csum + 2))).toBe(hex(partial.subarray(0, csum + 2)));
      expect(hex(write.frame)).toBe(hex(partial));
      const [passed] = harness.ingress([datagram(wrong)]).writes;
      expect(passed).toMatchObject({ frames: 1, vnet: plainVnet });
      expect(hex(passed.frame)).toBe(hex(wrong));
    });

    test("a finished superframe that pauses is the same when it goes on", () => {
      const ports = Array.from({ length: 300 }, (_, i) => 10 + i);
      for (const port of ports) harness.port(port, BLUE);
      harness.flood(BLUE, { ports, vteps: [1] });
      const frame = (sum: "full" | "partial") => tcpTo(BROADCAST, C, payload.subarray(0, 8000), 77, IP4, { sum });
      const { writes, calls } = harness.ingress([datagram(frame("full"))]);
      expect(calls).toBe(2);
      expect(new Set(writes.map(({ frame }) => hex(frame)))).toEqual(new Set([hex(frame("partial"))]));
      expect(new Set(writes.map(({ frames, vnet }) => `${frames} ${vnet.flags} ${vnet.gsoType} ${vnet.gsoSize}`))).toEqual(
        new Set(["6 1 1 1410"]),
      );
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 6, copies: 6 * 299, delivered: 1800 });
    });

    test("a superframe for a multicast address goes to every port as one", () => {
      const frame = tcpTo(BROADCAST, C, payload, 77, IP4, { sum: "partial" });
      const { writes } = harness.ingress([datagram(frame)]);
      expect(writes.map(({ port, frames, vnet }) => [port, frames, vnet.gsoType])).toEqual([
        [1, 15, 1],
        [2, 15, 1],
      ]);
      expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 15, copies: 15, delivered: 30 });
    });
  });

  test("a merged datagram with a bad packet in its middle loses that one only", () => {
    const frames = [0, 1, 2].map((i) => small(A, C, 64, IP4, { from: i, to: 9 }));
    const { bytes, segmentBytes } = train(frames);
    bytes[segmentBytes] = 0;
    const { writes } = harness.ingress([{ bytes, segmentBytes }]);
    expect(writes.map(({ frame }) => hex(frame))).toEqual([hex(frames[0]), hex(frames[2])]);
    expect(harness.takeFrames(0)).toEqual({ received_underlay: 1, drop_vxlan_invalid_hdr: 1 });
  });
});
