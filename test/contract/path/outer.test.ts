import { beforeEach, describe, expect, test } from "vitest";
import { NETWORK_LEARNING, NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import { sum16 } from "../../oracle/checksum.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { tagged } from "../../oracle/too-big.ts";
import { arpFrame, type Ip, vxlan } from "../../oracle/wire.ts";
import { A, BLUE, BLUE_VNI, builds, C, datagram, hex, IP4, IP6, small, standardWorld, superframe, tcpTo } from "../../oracle/world.ts";

const NAMES = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"];
const NOT_ECT = 0;
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;

/** RFC 6040 section 4.2, figure 4: row = inner, column = outer; null = drop. */
const FIGURE_4: (number | null)[][] = [];
FIGURE_4[NOT_ECT] = [NOT_ECT, NOT_ECT, NOT_ECT, null];
FIGURE_4[ECT_1] = [ECT_1, ECT_1, ECT_1, CE];
FIGURE_4[ECT_0] = [ECT_0, ECT_1, ECT_0, CE];
FIGURE_4[CE] = [CE, CE, CE, CE];
/** The cells marked (!) and (!!!), `inner outer`, but the drop. */
const SUSPECT = [`${NOT_ECT} ${ECT_0}`, `${NOT_ECT} ${ECT_1}`, `${ECT_1} ${ECT_0}`, `${CE} ${ECT_1}`];

const cells = FIGURE_4.flatMap((row, inner) => row.map((result, outer) => ({ inner, outer, result })));
const families = [
  { family: "IPv4", header: IP4 },
  { family: "IPv6", header: IP6 },
];

const tosOf = (frame: Uint8Array, header: Ip, at = 14) => (header === IP4 ? frame[at + 1] : ((frame[at] & 15) << 4) | (frame[at + 1] >> 4));

describe.each(builds)("$build: the outer header and the inner", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  describe.each(families)("$family, decapsulated by RFC 6040", ({ header }) => {
    test.each(cells.map((cell) => ({ ...cell, text: `${NAMES[cell.inner]} inside, ${NAMES[cell.outer]} outside` })))(
      "$text",
      ({ inner, outer, result }) => {
        const frame = small(A, C, 77, { ...header, tos: 0xb8 | inner });
        // The outer DSCP is another one: it stays outside (RFC 2983, pipe).
        const { writes } = harness.ingress([{ ...datagram(frame), tos: 0x28 | outer }]);
        const suspect = SUSPECT.includes(`${inner} ${outer}`) ? { ecn_suspect: 1 } : {};
        if (result === null) {
          expect(writes).toEqual([]);
          expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, drop_ip_tunnel_ecn: 1 });
          return;
        }
        expect(hex(writes[0].frame)).toBe(hex(small(A, C, 77, { ...header, tos: 0xb8 | result })));
        expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 1, delivered: 1, ...suspect });
      },
    );
  });

  test("the IPv4 header's checksum stays right for every TOS and id", () => {
    for (let tos = 0; tos < 256; tos++) {
      if ((tos & 3) === 0) continue;
      const frame = small(A, C, 10, { ...IP4, tos, id: tos * 257 });
      const [write] = harness.ingress([{ ...datagram(frame), tos: CE }]).writes;
      expect(sum16(write.frame.subarray(14, 34))).toBe(0xffff);
      expect(write.frame[15]).toBe(tos | 3);
    }
  });

  test("behind a tag too", () => {
    harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_LEARNING | NETWORK_VLAN_TAGS });
    for (const { header } of families) {
      const frame = tagged(small(A, C, 10, { ...header, tos: ECT_0 }), 3);
      const [write] = harness.ingress([{ ...datagram(frame), tos: CE }]).writes;
      expect(hex(write.frame)).toBe(hex(tagged(small(A, C, 10, { ...header, tos: CE }), 3)));
    }
  });

  test("a frame that is not IP comes in whatever the outer ECN", () => {
    const frame = arpFrame({ to: A, from: C }, { operation: 2, senderMac: C, senderIp: "10.0.0.3", targetMac: A, targetIp: "10.0.0.1" });
    for (const tos of [0, 1, 2, 3]) expect(hex(harness.ingress([{ ...datagram(frame), tos }]).writes[0].frame)).toBe(hex(frame));
  });

  test("a superframe's drops and oddities count its segments", () => {
    const frame = tcpTo(A, C, new Uint8Array(5000), 1, IP4, { sum: "partial" });
    harness.ingress([{ ...datagram(frame), tos: CE }]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 4, drop_ip_tunnel_ecn: 4 });
    harness.ingress([{ ...datagram(frame), tos: ECT_0 }]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: 4, delivered: 4, ecn_suspect: 4 });
  });

  describe.each(families)("$family, encapsulated", ({ header }) => {
    const outerOf = (tos: number, ttl = 64) => {
      const { sends } = harness.egress([{ port: 1, frame: small(C, A, 10, { ...header, tos, ttl }) }]);
      return [sends[0].tos, sends[0].ttl];
    };

    test("inherits DSCP, or has the network's; ECN is copied either way", () => {
      harness.network(BLUE, { vni: BLUE_VNI, tos: -1, ttl: 64 });
      for (let tos = 0; tos < 256; tos++) expect(outerOf(tos)).toEqual([tos, 64]);
      harness.network(BLUE, { vni: BLUE_VNI, tos: 0x28, ttl: 9 });
      for (let tos = 0; tos < 256; tos++) expect(outerOf(tos)).toEqual([0x28 | (tos & 3), 9]);
      harness.network(BLUE, { vni: BLUE_VNI, tos: 0x2b, ttl: 9 });
      expect(outerOf(0)).toEqual([0x28, 9]);
      harness.network(BLUE, { vni: BLUE_VNI, tos: 0, ttl: 255 });
      expect(outerOf(0xff)).toEqual([3, 255]);
    });

    test("inherits TTL, but never 0", () => {
      harness.network(BLUE, { vni: BLUE_VNI, ttl: -1 });
      expect([1, 63, 255, 0].map((ttl) => outerOf(0, ttl)[1])).toEqual([1, 63, 255, 1]);
    });

    test("the inner header stays as it is", () => {
      const frame = small(C, A, 10, { ...header, tos: 0xff, ttl: 3 });
      const { sends } = harness.egress([{ port: 1, frame }]);
      expect(hex(sends[0].segments[0])).toBe(hex(vxlan(BLUE_VNI, frame)));
      expect(tosOf(frame, header)).toBe(0xff);
    });
  });

  test("a frame that is not IP gets DSCP 0 and TTL 64, or the network's", () => {
    const frame = arpFrame({ to: C, from: A }, { operation: 2, senderMac: A, senderIp: "10.0.0.1", targetMac: C, targetIp: "10.0.0.3" });
    const outer = () => harness.egress([{ port: 1, frame }]).sends.map(({ tos, ttl }) => [tos, ttl])[0];
    harness.network(BLUE, { vni: BLUE_VNI, tos: -1, ttl: -1 });
    expect(outer()).toEqual([0, 64]);
    harness.network(BLUE, { vni: BLUE_VNI, tos: 0x28, ttl: 5 });
    expect(outer()).toEqual([0x28, 5]);
  });

  test("a superframe's segments have one outer header", () => {
    const { frame, vnet } = superframe({ to: C, from: A }, new Uint8Array(5000), 1000, { ...IP4, tos: 0x2a });
    const { sends } = harness.egress([{ port: 1, frame, vnet }]);
    expect(sends.map(({ tos, segments }) => [tos, segments.length])).toEqual([[0x2a, 5]]);
  });
});
