import { describe, expect, test } from "vitest";
import { internetChecksum, pseudoHeader, sum16 } from "../../oracle/checksum.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";
import { setU16, u16 } from "../../oracle/wire.ts";

const LENGTH_MAX = 9001;
const probe = new Probe();

/** The core sums little-endian words: its folded sum, byte-swapped, is the big-endian one (RFC 1071 section 2 B). */
const swap = (word: number) => (word >> 8) | ((word & 255) << 8);
/** 0 and 0xffff are the same number in one's complement. */
const same = (a: number, b: number) => a % 0xffff === b % 0xffff;

describe(`sums of every length from 0 to ${LENGTH_MAX} (seed ${seed})`, () => {
  const random = new Random();
  const data = random.bytes(LENGTH_MAX + 64);
  data.fill(0xff, 4000, 8000);

  test("sum, at every alignment", () => {
    // One running naive sum: that of length n is that of n − 1 and one byte more.
    for (let alignment = 0; alignment < 16; alignment++) {
      const at = probe.put(data, alignment);
      let naive = 0;
      for (let length = 0; length <= LENGTH_MAX; length++) {
        if (length > 0) naive = sum16(data.subarray(length - 1, length), 0) === 0 ? naive : addByte(naive, data[length - 1], length - 1);
        const found = swap(probe.call.fold(probe.u64("sum", at, length)));
        if (!same(found, naive)) expect.fail(`length ${length}, alignment ${alignment}: ${found} instead of ${naive}`);
      }
    }
  });

  test("copySum copies exactly that much and sums it", () => {
    const from = probe.put(data, 3);
    for (let length = 0; length <= LENGTH_MAX; length++) {
      const to = probe.scratch + 100_000 + (length % 16);
      probe.bytes.fill(0xa5, to - 1, to + length + 17);
      const sum = probe.call.fold(probe.u64("copySum", to, from, length));
      if (!same(sum, probe.call.fold(probe.u64("sum", from, length)))) expect.fail(`length ${length}: another sum`);
      if (Buffer.compare(probe.bytes.subarray(to, to + length), data.subarray(0, length)) !== 0)
        expect.fail(`length ${length}: other bytes`);
      if (probe.bytes[to - 1] !== 0xa5 || probe.bytes[to + length] !== 0xa5) expect.fail(`length ${length}: wrote outside`);
    }
  });

  test("a checksum as a header carries it", () => {
    for (let i = 0; i < 2000; i++) {
      const bytes = random.bytes(random.below(200));
      const at = probe.put(bytes, random.below(16));
      expect(swap(probe.call.checksumOf(probe.u64("sum", at, bytes.length))) % 0xffff).toBe(internetChecksum(bytes) % 0xffff);
    }
  });
});

function addByte(sum: number, byte: number, index: number): number {
  const value = sum + (index % 2 === 0 ? byte * 256 : byte);
  return value > 0xffff ? value - 0xffff : value;
}

test("64 KiB of ones do not overflow", () => {
  const at = probe.put(new Uint8Array(65536 + 64).fill(0xff));
  for (const length of [65535, 65536, 65549, 65600]) {
    expect(swap(probe.call.fold(probe.u64("sum", at, length))) % 0xffff).toBe(sum16(new Uint8Array(length).fill(0xff)) % 0xffff);
  }
});

test(`fold carries around for any sum (seed ${seed})`, () => {
  const random = new Random(seed + 1);
  const values = [0n, 0xffffn, 0x10000n, 0xffffffffn, 0x100000000n, 0xffffffffffffn];
  for (let i = 0; i < 20_000; i++) values.push((BigInt(random.u32()) << BigInt(random.below(17))) + BigInt(random.u32()));
  for (const value of values) {
    const folded = probe.call.fold(value);
    expect(folded).toBeLessThanOrEqual(0xffff);
    expect(BigInt(folded) % 0xffffn).toBe(value % 0xffffn);
    expect(folded === 0).toBe(value === 0n);
  }
});

test(`a header whose word changed is adjusted to what summing anew gives (seed ${seed})`, () => {
  const random = new Random(seed + 2);
  for (let i = 0; i < 20_000; i++) {
    const header = random.bytes(20);
    if (random.oneIn(4)) header.fill(random.pick([0, 0xff]));
    setU16(header, 10, 0);
    header[0] = 0x45;
    setU16(header, 10, internetChecksum(header));
    const before = u16(header, 2);
    const after = random.pick([random.below(65536), 0, 0xffff, before]);
    setU16(header, 2, after);
    setU16(header, 10, swap(probe.call.adjust(swap(u16(header, 10)), swap(before), swap(after))));
    expect(sum16(header)).toBe(0xffff);
  }
});

test(`pseudo-headers (seed ${seed})`, () => {
  const random = new Random(seed + 3);
  for (let i = 0; i < 2000; i++) {
    const header = random.bytes(40);
    const at = probe.put(header, random.below(16));
    const [protocol, length] = [random.below(256), random.below(65536)];
    const four = pseudoHeader(header.subarray(12, 16), header.subarray(16, 20), protocol, length);
    expect(swap(probe.call.fold(probe.u64("pseudo4", at, protocol, length))) % 0xffff).toBe(sum16(four) % 0xffff);
    const six = pseudoHeader(header.subarray(8, 24), header.subarray(24, 40), protocol, length);
    expect(swap(probe.call.fold(probe.u64("pseudo6", at, protocol, length))) % 0xffff).toBe(sum16(six) % 0xffff);
  }
});
