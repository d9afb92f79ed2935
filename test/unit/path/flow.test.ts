import { describe, expect, test } from "vitest";
import { H_HASH_KEY, HEADER } from "../../../assembly/abi/layout.ts";
import { anyFromPort } from "../../oracle/fuzz.ts";
import { flowHash } from "../../oracle/hash.ts";
import { parseFrame } from "../../oracle/parse.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";
import { ethernet, ip, tcpFrame, udpFrame } from "../../oracle/wire.ts";

const probe = new Probe();
const key = probe.view.getBigUint64(HEADER + H_HASH_KEY, true);
const link = { to: 2, from: 1 };
const four = { source: "10.0.0.1", destination: "10.0.0.2" };

function hash(frame: Uint8Array, offset = 0): number {
  probe.call.parse(probe.put(frame, offset), frame.length);
  return probe.call.flowHash() >>> 0;
}

test(`5000 random frames hash as the naive twin hashes them (seed ${seed})`, () => {
  const random = new Random();
  for (let i = 0; i < 5000; i++) {
    const { frame } = anyFromPort(random);
    if (parseFrame(frame).reason !== 0) continue;
    expect(hash(frame, random.below(16))).toBe(flowHash(frame, key));
  }
});

describe("one flow has one hash", () => {
  test("whatever changes within it", () => {
    const hashes = Array.from({ length: 50 }, (_, i) =>
      hash(tcpFrame(link, { ...four, id: i, tos: i, ttl: 1 + i }, { from: 9, to: 80, sequence: i * 1e6, flags: i }, new Uint8Array(i))),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  test("of a datagram's fragments, first and later, with or without what look like ports", () => {
    const random = new Random(1);
    const hashes = Array.from({ length: 50 }, (_, i) =>
      hash(ethernet(link, 0x0800, ip({ ...four, fragment: 0x2000 | i }, 17, random.bytes(8 + i)))),
    );
    expect(new Set(hashes).size).toBe(1);
  });
});

test("flows spread over sockets", () => {
  const counts = new Array(16).fill(0);
  for (let port = 0; port < 4096; port++) counts[hash(udpFrame(link, four, { from: port, to: 53 }, new Uint8Array(1))) % 16]++;
  // 256 each; five standard deviations.
  for (const count of counts) expect(Math.abs(count - 256)).toBeLessThan(80);
});

test("another start's key gives other hashes", () => {
  const other = new Probe();
  const frame = udpFrame(link, four, { from: 1, to: 53 }, new Uint8Array(1));
  const hashes = [probe, other, new Probe()].map((one) => {
    one.call.parse(one.put(frame), frame.length);
    return one.call.flowHash();
  });
  expect(new Set(hashes).size).toBe(3);
});
