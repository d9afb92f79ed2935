import { beforeEach, describe, expect, test } from "vitest";
import { ICMP_ERRORS_PER_TICK } from "../../../assembly/abi/limits.ts";
import { NETWORK_LEARNING, NETWORK_VLAN_TAGS } from "../../../assembly/abi/network.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { tagged, tooBig } from "../../oracle/too-big.ts";
import { type Ip, icmpFrame, icmpv6Frame, tcpFrame, udpFrame } from "../../oracle/wire.ts";
import { A, BLUE, BLUE_VNI, BROADCAST, builds, C, hex, IP4, IP6, small, standardWorld, superframe, tcpTo } from "../../oracle/world.ts";

const MTU = 1450;

describe.each(builds)("$build: a frame too big for the path", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  const send = (frame: Uint8Array, more = {}) => {
    const { sends, writes } = harness.egress([{ port: 1, frame, ...more }]);
    expect(sends).toEqual([]);
    return writes;
  };
  const silent = (frame: Uint8Array, what = "") => {
    expect(send(frame), what).toEqual([]);
    expect(harness.takeFrames(BLUE), what).toEqual({ received_port: 1, drop_pkt_too_big: 1 });
  };
  const of = (bytes: number, header: Ip, to = C) => small(to, A, bytes - (header.source.includes(":") ? 48 : 28), header);

  test.each([
    ["IPv4 with DF", IP4],
    ["IPv6", IP6],
  ])("%s: its sender is told, in full and no more", (_, header) => {
    expect(harness.egress([{ port: 1, frame: of(MTU, header) }]).sends).toHaveLength(1);
    harness.take(BLUE);
    for (const bytes of [MTU + 1, 3000, 9000]) {
      const frame = of(bytes, header);
      const writes = send(frame);
      expect(writes.map(({ port, frames }) => [port, frames])).toEqual([[1, 1]]);
      expect(hex(writes[0].frame)).toBe(hex(tooBig(frame, MTU)));
      expect(writes[0].vnet).toEqual({ flags: 0, gsoType: 0, hdrLen: 0, gsoSize: 0, csumStart: 0, csumOffset: 0 });
      expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, generated: 1, delivered: 1, drop_pkt_too_big: 1 });
    }
  });

  test("the limit is the smaller of the network's and the path's", () => {
    harness.vtep(1, "192.0.2.2", 1300);
    expect(hex(send(of(1301, IP4))[0].frame)).toBe(hex(tooBig(of(1301, IP4), 1300)));
    harness.network(BLUE, { vni: BLUE_VNI, mtu: 1290 });
    expect(hex(send(of(1291, IP4))[0].frame)).toBe(hex(tooBig(of(1291, IP4), 1290)));
  });

  test("a superframe is judged by its segments, and all of them are dropped", () => {
    const fits = superframe({ to: C, from: A }, new Uint8Array(6000), MTU - 40);
    expect(harness.egress([{ port: 1, ...fits }]).sends).not.toEqual([]);
    harness.take(BLUE);
    const large = superframe({ to: C, from: A }, new Uint8Array(6000), MTU - 39);
    const [write] = send(large.frame, { vnet: large.vnet });
    expect(hex(write.frame)).toBe(hex(tooBig(large.frame, MTU)));
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 5, generated: 1, delivered: 1, drop_pkt_too_big: 5 });
  });

  test("a tagged sender hears of it on its own VLAN", () => {
    harness.network(BLUE, { vni: BLUE_VNI, flags: NETWORK_LEARNING | NETWORK_VLAN_TAGS });
    for (const header of [IP4, IP6]) {
      const frame = tagged(of(1500, header), 0x2007);
      expect(hex(send(frame)[0].frame)).toBe(hex(tooBig(frame, MTU)));
    }
  });

  test("with IPv4 options and extension headers too", () => {
    const options = udpFrame({ to: C, from: A }, { ...IP4, options: new Uint8Array(40).fill(1) }, { from: 1, to: 2 }, new Uint8Array(2000));
    expect(hex(send(options)[0].frame)).toBe(hex(tooBig(options, MTU)));
    const chain: Ip = { ...IP6, extensions: [[60, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)]] };
    const extended = udpFrame({ to: C, from: A }, chain, { from: 1, to: 2 }, new Uint8Array(2000));
    expect(hex(send(extended)[0].frame)).toBe(hex(tooBig(extended, MTU)));
  });

  describe("is dropped in silence", () => {
    test("when it is a fragment, or IPv4 without DF, or with a reserved bit", () => {
      for (const fragment of [0, 0x2000, 0x6000, 0x4001, 0xc000]) silent(of(2000, { ...IP4, fragment }), `fragment field ${fragment}`);
      silent(of(2000, { ...IP6, extensions: [[44, new Uint8Array(8)]] }));
    });

    test("when the limit is below the protocol's least", () => {
      harness.vtep(1, "192.0.2.2", 575);
      silent(of(1500, IP4));
      harness.vtep(1, "192.0.2.2", 1279);
      silent(of(1500, IP6));
      harness.vtep(1, "192.0.2.2", 576);
      expect(send(of(1500, IP4))).toHaveLength(1);
      harness.vtep(1, "192.0.2.2", 1280);
      expect(send(of(1500, IP6))).toHaveLength(1);
    });

    test("when it is not IP", () => {
      const frame = new Uint8Array(3000);
      frame.set(small(C, A));
      frame.set([0x88, 0xb5], 12);
      silent(frame);
    });

    test.each([
      ["the unspecified address", "0.0.0.0", IP4.destination],
      ["0/8", "0.1.2.3", IP4.destination],
      ["loopback", "127.0.0.1", IP4.destination],
      ["multicast", "224.0.0.1", IP4.destination],
      ["class E", "240.0.0.1", IP4.destination],
      ["broadcast", "255.255.255.255", IP4.destination],
      ["a host to multicast", IP4.source, "239.1.2.3"],
      ["a host to broadcast", IP4.source, "255.255.255.255"],
      ["unspecified", "::", IP6.destination],
      ["loopback", "::1", IP6.destination],
      ["multicast", "ff02::1", IP6.destination],
      ["a host to multicast", IP6.source, "ff02::1"],
    ])("when it is from %s (%s to %s)", (_, source, destination) => {
      silent(of(2000, { source, destination }));
    });

    test("when it is flooded, or for a group", () => {
      harness.flood(BLUE, { ports: [1], vteps: [1] });
      silent(of(2000, IP4, 0x0200000000ff));
      silent(of(2000, IP4, BROADCAST));
      silent(of(2000, IP6, 0x333300000001));
    });

    test("when it is itself an ICMP error", () => {
      // A tick of its own for each: the limit is not what is tested here.
      const silentTypes = (tell: (message: Uint8Array) => Uint8Array) =>
        Array.from({ length: 256 }, (_, type) => type).filter((type) => {
          harness.tick++;
          return send(tell(new Uint8Array(2000).fill(type, 0, 1))).length === 0;
        });
      expect(silentTypes((message) => icmpFrame({ to: C, from: A }, IP4, message))).toEqual([3, 4, 5, 11, 12]);
      const errors6 = silentTypes((message) => icmpv6Frame({ to: C, from: A }, IP6, message));
      expect(errors6).toEqual([...Array.from({ length: 128 }, (_, type) => type), 137]);
    });

    test("when only its padding is too much", () => {
      const frame = new Uint8Array(2000);
      frame.set(of(100, IP4));
      silent(frame);
    });

    test(`after ${ICMP_ERRORS_PER_TICK} in one tick, until the next`, () => {
      for (let tick = 0; tick < 3; tick++) {
        harness.tick = 50 + tick;
        const frames = Array.from({ length: 150 }, () => ({ port: 1, frame: of(2000, tick === 1 ? IP6 : IP4) }));
        expect(harness.egress(frames).writes).toHaveLength(ICMP_ERRORS_PER_TICK);
        expect(harness.takeFrames(BLUE)).toMatchObject({ received_port: 150, drop_pkt_too_big: 150, generated: ICMP_ERRORS_PER_TICK });
      }
    });
  });

  test("the rest of a batch goes on", () => {
    const frames = Array.from({ length: 64 }, (_, i) => ({ port: 1, frame: i % 2 === 0 ? of(2000, IP4) : small(C, A) }));
    const { sends, writes } = harness.egress(frames);
    expect([sends.flatMap(({ segments }) => segments).length, writes.length]).toEqual([32, 32]);
    expect(tcpFrame({ to: C, from: A }, IP4, { from: 1, to: 2, sequence: 1 }, new Uint8Array(1)).length).toBe(
      tcpTo(C, A, new Uint8Array(1)).length,
    );
  });
});
