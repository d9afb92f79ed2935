import { describe, expect, test } from "vitest";
import { DROP_HDR_TRUNC, DROP_IP_INHDR, DROP_NONE, DROP_PKT_TOO_SMALL } from "../../../assembly/abi/reason.ts";
import { anyFromPort, mutate } from "../../oracle/fuzz.ts";
import { type Parsed, parseFrame } from "../../oracle/parse.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";
import { ethernet, ip, setU16, tcpFrame, udpFrame } from "../../oracle/wire.ts";

const probe = new Probe();
const link = { to: 0x020000000002, from: 0x020000000001 };
const four = { source: "10.0.0.1", destination: "10.0.0.2" };
const six = { source: "fd00::1", destination: "fd00::2" };

function parse(frame: Uint8Array, offset = 0): Parsed {
  const at = probe.put(frame, offset);
  const reason = probe.call.parse(at, frame.length);
  const pointer = (name: string) => probe.global(name) - at;
  return {
    reason,
    etherType: probe.global("etherType"),
    tagged: probe.global("tagged") !== 0,
    l3: pointer("l3"),
    l4: probe.global("l4") === 0 ? 0 : pointer("l4"),
    end: pointer("end"),
    protocol: probe.global("protocol"),
    fragment: probe.global("fragment") !== 0,
    hasPorts: probe.global("hasPorts") !== 0,
  };
}

/** A malformed frame is judged by the reason alone: nobody looks at the rest. */
function expectSame(frame: Uint8Array, offset: number, what: string): void {
  const [found, twin] = [parse(frame, offset), parseFrame(frame)];
  expect(found.reason, what).toBe(twin.reason);
  if (twin.reason === DROP_NONE) expect(found, what).toEqual(twin);
}

test(`60,000 well-formed, changed, cut and made-up frames are judged as the naive twin judges them (seed ${seed})`, {
  timeout: 60_000,
}, () => {
  const random = new Random();
  for (let i = 0; i < 20_000; i++) {
    const { frame } = anyFromPort(random);
    const small = frame.length > 2000 ? frame.slice(0, 2000) : frame;
    expectSame(small, random.below(16), `frame ${i}`);
    expectSame(mutate(random, small), random.below(16), `frame ${i}, changed`);
    expectSame(random.bytes(random.below(80)), 0, `bytes ${i}`);
  }
});

describe("cut anywhere", () => {
  const options = { ...four, options: new Uint8Array(12).fill(1) };
  const chain: [number, Uint8Array][] = [
    [0, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)],
    [60, Uint8Array.of(0, 1, ...new Uint8Array(14))],
  ];
  test.each([
    ["IPv4 TCP", tcpFrame(link, options, { from: 1, to: 2, sequence: 3, options: new Uint8Array(12).fill(1) }, new Uint8Array(20))],
    ["IPv6 UDP behind extension headers", udpFrame(link, { ...six, extensions: chain }, { from: 1, to: 2 }, new Uint8Array(20))],
    ["tagged IPv4", udpFrame({ ...link, tci: 4 }, four, { from: 1, to: 2 }, new Uint8Array(20))],
  ])("%s", (_, frame) => {
    for (let bytes = 0; bytes <= frame.length; bytes++) {
      expectSame(frame.slice(0, bytes), 0, `${bytes} B`);
      // The same, but the IP header knows of it.
      const honest = frame.slice(0, bytes);
      const l3 = honest[12] === 0x81 ? 18 : 14;
      if (honest[l3] >> 4 === 4 && bytes >= l3 + 4) setU16(honest, l3 + 2, bytes - l3);
      if (honest[l3] >> 4 === 6 && bytes >= l3 + 40) setU16(honest, l3 + 4, bytes - l3 - 40);
      expectSame(honest, 0, `${bytes} B, said so`);
    }
  });
});

describe("what is refused", () => {
  test.each([
    ["13 bytes", new Uint8Array(13), DROP_PKT_TOO_SMALL],
    ["half a tag", ethernet(link, 0x8100, new Uint8Array(3)), DROP_HDR_TRUNC],
    ["IPv4 version 5", ethernet(link, 0x0800, new Uint8Array(40).fill(0x55, 0, 1)), DROP_IP_INHDR],
    ["IPv4 header of 16 bytes", ethernet(link, 0x0800, Uint8Array.of(0x44, 0, 0, 40, ...new Uint8Array(36))), DROP_IP_INHDR],
    ["IPv4 total below its header", ethernet(link, 0x0800, Uint8Array.of(0x46, 0, 0, 23, ...new Uint8Array(36))), DROP_IP_INHDR],
    ["IPv4 total beyond the frame", ethernet(link, 0x0800, Uint8Array.of(0x45, 0, 0, 41, ...new Uint8Array(36))), DROP_HDR_TRUNC],
    ["IPv6 version 4", ethernet(link, 0x86dd, new Uint8Array(60).fill(0x45, 0, 1)), DROP_IP_INHDR],
    ["IPv6 payload beyond the frame", ethernet(link, 0x86dd, Uint8Array.of(0x60, 0, 0, 0, 0, 21, ...new Uint8Array(54))), DROP_HDR_TRUNC],
    [
      "an extension header beyond the packet",
      ethernet(link, 0x86dd, ip({ ...six, extensions: [[0, Uint8Array.of(0, 9, 0, 0, 0, 0, 0, 0)]] }, 17, new Uint8Array(9))),
      DROP_HDR_TRUNC,
    ],
  ])("%s", (_, frame, reason) => {
    expect(parse(frame).reason).toBe(reason);
    expect(parseFrame(frame).reason).toBe(reason);
  });
});

describe("what is seen", () => {
  test("the packet's end before Ethernet padding", () => {
    const frame = new Uint8Array(60);
    frame.set(udpFrame(link, four, { from: 1, to: 2 }, new Uint8Array(3)));
    expect(parse(frame)).toMatchObject({ end: 45, hasPorts: true });
  });

  test("no ports in fragments, the first included", () => {
    for (const fragment of [0x2000, 0x2001, 1, 0x1fff]) {
      expect(parse(ethernet(link, 0x0800, ip({ ...four, fragment }, 17, new Uint8Array(40))))).toMatchObject({
        fragment: true,
        hasPorts: false,
        protocol: 17,
      });
    }
    for (const fragment of [0, 0x4000, 0x8000]) {
      expect(parse(ethernet(link, 0x0800, ip({ ...four, fragment }, 17, new Uint8Array(40))))).toMatchObject({
        fragment: false,
        hasPorts: true,
      });
    }
    expect(parse(ethernet(link, 0x86dd, ip({ ...six, extensions: [[44, new Uint8Array(8)]] }, 17, new Uint8Array(40))))).toMatchObject({
      fragment: true,
      hasPorts: false,
    });
  });

  test("eight extension headers, and no ports behind a ninth", () => {
    const chain = (count: number) => Array.from({ length: count }, (): [number, Uint8Array] => [60, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)]);
    for (const [count, ports] of [
      [8, true],
      [9, false],
      [30, false],
    ] as const) {
      expect(parse(udpFrame(link, { ...six, extensions: chain(count) }, { from: 1, to: 2 }, new Uint8Array(4)))).toMatchObject({
        reason: 0,
        hasPorts: ports,
      });
    }
  });
});
