import { expect, test } from "vitest";
import { RX_BUFFER_BYTES, RX_MAX } from "../../../assembly/abi/limits.ts";
import { Addresses } from "../../../host/sys/addresses.ts";

const BASE = 0x7f3a_dead_b000;

test("an address is base and offset, whatever was asked before", () => {
  const addresses = new Addresses(BASE);
  // 0 and 64 × 1024 share a slot with others of this list.
  const offsets = [0, 1, 64, 4096, 65_536, 1, 0, 2 ** 31 - 1, 65_536 * 64, 0];
  expect(offsets.map((offset) => addresses.of(offset))).toEqual(offsets.map((offset) => BASE + offset));
});

test("RX buffers have slots of their own: each address is made once", () => {
  const addresses = new Addresses(BASE);
  const offsets = Array.from({ length: RX_MAX }, (_, i) => 917_606 + i * RX_BUFFER_BYTES);
  for (let round = 0; round < 2; round++)
    expect(offsets.map((offset) => addresses.of(offset))).toEqual(offsets.map((offset) => BASE + offset));
  const slots = offsets.map((offset) => ((offset >>> 6) + (offset >>> 12)) & 1023);
  expect(new Set(slots).size).toBe(RX_MAX);
});
