import { beforeEach, describe, expect, test } from "vitest";
import { NETWORK_LEARNING, NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { macToBytes } from "../../../host/model/mac.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { tagged } from "../../oracle/too-big.ts";
import { type Arp, arpFrame, type Ip, icmpv6Frame, ipBytes, join } from "../../oracle/wire.ts";
import { A, B, BLUE, BLUE_VNI, BROADCAST, builds, C, D, hex, RED, STRANGER, small, standardWorld } from "../../oracle/world.ts";

const ASKER = "10.0.0.1";
const OWNER = "10.0.0.3";
const ASKER6 = "fd00::1";
const OWNER6 = "fd00::3";
/** Solicited-node multicast of OWNER6 (RFC 4291 section 2.7.1). */
const GROUP6 = "ff02::1:ff00:3";
const GROUP_MAC = 0x3333ff000003;

function request(arp: Partial<Arp> = {}, link = { to: BROADCAST, from: A }): Uint8Array {
  return arpFrame(link, { operation: 1, senderMac: A, senderIp: ASKER, targetIp: OWNER, ...arp });
}

/** A solicitation with a source link-layer address option. */
function solicitation(
  target = OWNER6,
  header: Partial<Ip> = {},
  link = { to: GROUP_MAC, from: A },
  options = [1, 1, ...macToBytes(A)],
): Uint8Array {
  const message = join(Uint8Array.of(135, 0, 0, 0, 0, 0, 0, 0), ipBytes(target), Uint8Array.from(options));
  return icmpv6Frame(link, { source: ASKER6, destination: GROUP6, ttl: 255, ...header }, message);
}

function advertisement(mac: number): Uint8Array {
  const message = join(Uint8Array.of(136, 0, 0, 0, 0x60, 0, 0, 0), ipBytes(OWNER6), Uint8Array.of(2, 1), macToBytes(mac));
  return icmpv6Frame({ to: A, from: mac }, { source: OWNER6, destination: ASKER6, ttl: 255 }, message);
}

describe.each(builds)("$build: ARP and ND", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
    harness.tables.setNeighbor(BLUE, parseIp(OWNER), C);
    harness.tables.setNeighbor(BLUE, parseIp(OWNER6), C);
  });

  const answers = (frame: Uint8Array, port = 1) => {
    const { sends, writes } = harness.egress([{ port, frame }]);
    return sends.length === 0 && writes.length === 1 && writes[0].port === port ? hex(writes[0].frame) : null;
  };
  const forwarded = (frame: Uint8Array, what = "") => {
    const { sends, writes } = harness.egress([{ port: 1, frame }]);
    expect(
      sends.map(({ segments }) => hex(segments[0].subarray(8))),
      what,
    ).toEqual(Array(sends.length).fill(hex(frame)));
    expect(sends.length + writes.length, what).toBeGreaterThan(0);
    expect(
      writes.every(({ port }) => port !== 1),
      what,
    ).toBe(true);
  };

  describe("are answered", () => {
    test("ARP, with the owner's MAC", () => {
      const reply = arpFrame({ to: A, from: C }, { operation: 2, senderMac: C, senderIp: OWNER, targetMac: A, targetIp: ASKER });
      expect(answers(request())).toBe(hex(reply));
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, answered: 1, generated: 1, delivered: 1 });
    });

    test("ARP padded to 60 bytes", () => {
      const padded = new Uint8Array(60);
      padded.set(request());
      expect(answers(padded)).not.toBeNull();
    });

    test("ND, with the owner's MAC, solicited and override", () => {
      expect(answers(solicitation())).toBe(hex(advertisement(C)));
      expect(answers(solicitation(OWNER6, {}, { to: GROUP_MAC, from: A }, []))).toBe(hex(advertisement(C)));
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 2, answered: 2, generated: 2, delivered: 2 });
    });

    test("for an owner at another port of this host as well", () => {
      harness.tables.setNeighbor(BLUE, parseIp("10.0.0.2"), B);
      expect(answers(request({ targetIp: "10.0.0.2" }))).toContain("02000000000b");
    });

    test("with what the table says now", () => {
      harness.tables.setNeighbor(BLUE, parseIp(OWNER), D);
      expect(answers(request())).toContain("02000000000d");
      expect(harness.tables.removeNeighbor(BLUE, parseIp(OWNER))).toBe(true);
      forwarded(request());
    });

    test("hundreds at once: the host is asked to write in between", () => {
      const { writes, calls } = harness.egress(Array.from({ length: 300 }, () => ({ port: 1, frame: request() })));
      expect(writes).toHaveLength(300);
      expect(calls).toBeGreaterThanOrEqual(5);
      expect(new Set(writes.map(({ frame }) => hex(frame))).size).toBe(1);
    });
  });

  describe("are forwarded", () => {
    test("when the owner, or its place, is unknown", () => {
      forwarded(request({ targetIp: "10.0.0.77" }));
      forwarded(solicitation("fd00::77"));
      harness.tables.setNeighbor(BLUE, parseIp("10.0.0.78"), STRANGER);
      forwarded(request({ targetIp: "10.0.0.78" }));
    });

    test("on another network, which knows nothing of this one's neighbours", () => {
      expect(answers(request(), 3)).toBeNull();
      expect(harness.takeFrames(RED)).toMatchObject({ received_port: 1, sent: 1 });
    });

    test("when the asker is the owner", () => {
      harness.tables.setNeighbor(BLUE, parseIp(OWNER), A);
      forwarded(request());
    });

    test("probes (RFC 5227), gratuitous ARP and replies", () => {
      forwarded(request({ senderIp: "0.0.0.0" }));
      forwarded(request({ senderIp: OWNER }));
      forwarded(request({ operation: 2 }));
      for (const operation of [0, 3, 4, 255]) forwarded(request({ operation }));
    });

    test("unicast requests and solicitations: they reach their owner", () => {
      expect(harness.egress([{ port: 1, frame: request({}, { to: C, from: A }) }]).sends).toHaveLength(1);
      expect(harness.egress([{ port: 1, frame: solicitation(OWNER6, {}, { to: C, from: A }) }]).sends).toHaveLength(1);
      forwarded(solicitation(OWNER6, { destination: OWNER6 }));
    });

    test.each(["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"])("requests for %s, which is nobody", (targetIp) => {
      harness.tables.setNeighbor(BLUE, parseIp(targetIp), C);
      forwarded(request({ targetIp }));
    });

    test("ARP of another kind, or cut short", () => {
      for (const at of [0, 1, 2, 3, 4, 5]) {
        const frame = request();
        frame[14 + at] ^= 1;
        forwarded(frame, `byte ${at}`);
      }
      for (let bytes = 14; bytes < 42; bytes++) forwarded(request().slice(0, bytes), `${bytes} B`);
    });

    test("duplicate address detection (RFC 4862 section 5.4)", () => {
      forwarded(solicitation(OWNER6, { source: "::" }, { to: GROUP_MAC, from: A }, []));
    });

    test("solicitations that RFC 4861 section 7.1.1 says are invalid", () => {
      for (const ttl of [254, 64, 1]) forwarded(solicitation(OWNER6, { ttl }));
      const code = solicitation();
      code[55] = 1;
      forwarded(code);
      const wrong = solicitation();
      wrong[56] ^= 1;
      forwarded(wrong);
      forwarded(solicitation("ff02::3"));
      const at = { to: GROUP_MAC, from: A };
      forwarded(solicitation(OWNER6, {}, at, [1, 0, 0, 0, 0, 0, 0, 0]), "an option of no length");
      forwarded(solicitation(OWNER6, {}, at, [1, 2, 0, 0, 0, 0, 0, 0]), "an option beyond the end");
      forwarded(solicitation(OWNER6, {}, at, [1]), "half an option");
    });

    test("advertisements, and solicitations behind extension headers or in fragments", () => {
      const other = solicitation();
      other[54] = 136;
      forwarded(other);
      forwarded(solicitation(OWNER6, { extensions: [[60, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)]] }));
      forwarded(solicitation(OWNER6, { extensions: [[44, new Uint8Array(8)]] }));
      for (let bytes = 60; bytes < 78; bytes++) {
        const cut = solicitation(OWNER6, {}, { to: GROUP_MAC, from: A }, []).slice(0, bytes);
        cut[19] = bytes - 54;
        forwarded(cut, `${bytes} B`);
      }
    });

    test("tagged ones", () => {
      harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_LEARNING | NETWORK_VLAN_TAGS });
      forwarded(tagged(request(), 3));
      forwarded(tagged(solicitation(), 3));
    });

    test("what comes from the underlay: only a port's owner is asked here", () => {
      const { writes } = harness.ingress([
        { bytes: Buffer.concat([Uint8Array.of(8, 0, 0, 0, 0, 0, BLUE_VNI, 0), request({}, { to: BROADCAST, from: C })]) },
      ]);
      expect(writes.map(({ port }) => port)).toEqual([1, 2]);
    });
  });

  test("a solicitation whose checksum the TAP left partial is answered", () => {
    const frame = solicitation();
    const { writes } = harness.egress([{ port: 1, frame, vnet: { flags: 1, csumStart: 54, csumOffset: 2 } }]);
    expect(writes.map(({ port }) => port)).toEqual([1]);
    expect(small(A, B).length).toBe(74);
  });
});
