import { describe, expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { ethernet } from "../../oracle/wire.ts";

const probe = new Probe();

test("a MAC is a number whose first byte on the wire is the most significant", () => {
  const frame = ethernet({ to: 0x0123456789ab, from: 0xfedcba987654 }, 0x86dd, new Uint8Array(4));
  for (let alignment = 0; alignment < 8; alignment++) {
    const at = probe.put(frame, alignment);
    expect([probe.u64("ethDestination", at), probe.u64("ethSource", at)]).toEqual([0x0123456789abn, 0xfedcba987654n]);
    expect(probe.call.be16(at + 12)).toBe(0x86dd);
  }
});

test("a header is written as it is read, and nothing around it", () => {
  const at = probe.put(new Uint8Array(32).fill(0xa5)) + 8;
  probe.call.writeEthernet(at, 0x0123456789abn, 0xfedcba987654n, 0x0806);
  const expected = new Uint8Array(32).fill(0xa5);
  expected.set(ethernet({ to: 0x0123456789ab, from: 0xfedcba987654 }, 0x0806, new Uint8Array(0)), 8);
  expect(probe.get(at - 8, 32)).toEqual(expected);
});

test("16-bit words are big-endian", () => {
  const at = probe.put(Uint8Array.of(0, 0, 0, 0));
  probe.call.setBe16(at + 1, 0x1234);
  expect([...probe.get(at, 4)]).toEqual([0, 0x12, 0x34, 0]);
});

describe("kinds of addresses", () => {
  test("a group address has the lowest bit of its first byte", () => {
    for (let first = 0; first < 256; first++) expect(probe.call.isGroup((BigInt(first) << 40n) | 0xfffffffffen)).toBe(first & 1);
  });

  test("01-80-c2-00-00-00 to 0f stay on their link", () => {
    for (let low = 0; low < 32; low++) expect(probe.call.isLinkLocalControl(0x0180c2000000n + BigInt(low))).toBe(low < 16 ? 1 : 0);
    expect(probe.call.isLinkLocalControl(0x0180c1fffff0n)).toBe(0);
    expect(probe.call.isLinkLocalControl(0x1180c2000000n)).toBe(0);
  });
});
