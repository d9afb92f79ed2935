import { beforeEach, describe, expect, test } from "vitest";
import {
  H_ADDRESS,
  H_ADDRESS_LIVE,
  H_ADDRESS_SLOTS,
  H_ADDRESS_SPARE,
  H_ADDRESS_USED,
  H_HASH_KEY,
  HEADER,
} from "../../../assembly/abi/layout.ts";
import { PROBES_MAX } from "../../../assembly/abi/limits.ts";
import {
  SPACE_VTEP,
  TABLE_ABSENT,
  TABLE_ADDED,
  TABLE_CHANGED,
  TABLE_FULL,
  TABLE_REMOVED,
  TABLE_SAME,
} from "../../../assembly/abi/table.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { mix } from "../../oracle/hash.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";

let probe: Probe;
beforeEach(() => {
  probe = new Probe({ addressCapacity: 512 });
});

const word = (at: number) => probe.view.getUint32(HEADER + at, true);
const halves = (address: Uint8Array): [bigint, bigint] => {
  const view = new DataView(address.buffer, address.byteOffset);
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
};
const set = (space: number, address: Uint8Array, value: number) => probe.call.addressSet(space, ...halves(address), BigInt(value));
const remove = (space: number, address: Uint8Array) => probe.call.addressRemove(space, ...halves(address));
/** The value, or null. */
const find = (space: number, address: Uint8Array) => {
  const found = probe.u64("addressFind", space, ...halves(address));
  return found === 0n ? null : Number(probe.u64("addressValue", found));
};

test(`50,000 random operations leave what a Map would hold (seed ${seed})`, { timeout: 60_000 }, () => {
  const random = new Random();
  const twin = new Map<string, number>();
  const addresses = Array.from({ length: 200 }, (_, i) => {
    if (i % 2 === 0) return parseIp(`10.${random.below(3)}.${random.below(256)}.${random.below(256)}`);
    const bytes = random.bytes(16);
    // Some differ in one half only.
    if (i % 3 === 0) bytes.fill(0, 0, 8);
    if (i % 5 === 0) bytes.fill(0, 8);
    return bytes;
  });
  const spaces = [1, 2, 1023, SPACE_VTEP];
  const keyOf = (space: number, address: Uint8Array) => `${space} ${Buffer.from(address).toString("hex")}`;
  const expectSame = () => {
    for (const address of addresses) for (const space of spaces) expect(find(space, address)).toBe(twin.get(keyOf(space, address)) ?? null);
    expect(word(H_ADDRESS_LIVE)).toBe(twin.size);
  };
  for (let i = 0; i < 50_000; i++) {
    const [space, address] = [random.pick(spaces), random.pick(addresses)];
    const key = keyOf(space, address);
    if (random.oneIn(2)) {
      // 0 is a value too: this host's own address.
      const value = random.pick([0, 1, 2, 0xffffffffffff]);
      const before = twin.get(key);
      let answer = set(space, address, value);
      if (answer === TABLE_FULL) {
        probe.call.addressRebuild();
        answer = set(space, address, value);
      }
      expect(answer).toBe(before === undefined ? TABLE_ADDED : before === value ? TABLE_SAME : TABLE_CHANGED);
      twin.set(key, value);
    } else {
      expect(remove(space, address)).toBe(twin.delete(key) ? TABLE_REMOVED : TABLE_ABSENT);
    }
    if (i % 10_000 === 0) expectSame();
    if (random.oneIn(5000)) probe.call.addressRebuild();
  }
  expectSame();
});

describe("an address", () => {
  test("belongs to its network, and VTEPs are apart", () => {
    const address = parseIp("10.0.0.1");
    set(1, address, 11);
    set(2, address, 22);
    set(SPACE_VTEP, address, 0);
    expect([1, 2, 3, SPACE_VTEP].map((space) => find(space, address))).toEqual([11, 22, null, 0]);
  });

  test("of IPv4 is found as it stands in a packet", () => {
    set(1, parseIp("10.1.2.3"), 7);
    const at = probe.put(Uint8Array.of(10, 1, 2, 3));
    const high = probe.u64("mappedHigh", probe.view.getUint32(at, true));
    expect(probe.u64("addressFind", 1, 0n, high)).not.toBe(0n);
  });
});

test("a full table says so, and takes more after a rebuild without the dead", () => {
  const slots = word(H_ADDRESS_SLOTS);
  const nth = (i: number) => parseIp(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  let taken = 0;
  while (set(1, nth(taken), taken) === TABLE_ADDED) taken++;
  expect(taken).toBeGreaterThanOrEqual(512);
  expect(taken).toBeLessThanOrEqual(slots - slots / 4);
  for (let i = 0; i < 300; i++) expect(remove(1, nth(i))).toBe(TABLE_REMOVED);
  expect(set(1, nth(taken), 1)).toBe(TABLE_FULL);
  const [live, spare] = [word(H_ADDRESS), word(H_ADDRESS_SPARE)];
  probe.call.addressRebuild();
  expect([word(H_ADDRESS), word(H_ADDRESS_SPARE)]).toEqual([spare, live]);
  expect([word(H_ADDRESS_USED), word(H_ADDRESS_LIVE)]).toEqual([taken - 300, taken - 300]);
  expect(set(2, nth(0), 1)).toBe(TABLE_ADDED);
  for (let i = 0; i < taken; i++) expect(find(1, nth(i))).toBe(i < 300 ? null : i);
});

test("a rebuild loses no entry of a chain that goes on at the table's beginning", () => {
  const slots = word(H_ADDRESS_SLOTS);
  const key = probe.view.getBigUint64(HEADER + H_HASH_KEY, true);
  const first = slots - (PROBES_MAX - 1);
  // As in fdb.test.ts.
  const found = { [first]: [] as Uint8Array[], [first + 1]: [] as Uint8Array[] };
  for (let i = 1; found[first].length < PROBES_MAX - 1 || found[first + 1].length < 2; i++) {
    const address = parseIp(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`);
    const [low, high] = halves(address);
    found[Number(mix(mix(low ^ key) ^ high ^ (1n << 40n)) & BigInt(slots - 1))]?.push(address);
  }
  const chain = [...found[first].slice(0, PROBES_MAX - 1), ...found[first + 1].slice(0, 2)];
  for (const [i, address] of chain.entries()) expect(set(1, address, i)).toBe(TABLE_ADDED);
  const live = word(H_ADDRESS);
  probe.call.addressRebuild();
  expect(word(H_ADDRESS)).not.toBe(live);
  expect(chain.map((address) => find(1, address))).toEqual(chain.map((_, i) => i));
  expect([word(H_ADDRESS_USED), word(H_ADDRESS_LIVE)]).toEqual([chain.length, chain.length]);
});
