import { beforeEach, describe, expect, test } from "vitest";
import {
  H_FDB,
  H_FDB_LIVE,
  H_FDB_SLOTS,
  H_FDB_SPARE,
  H_FDB_USED,
  H_HASH_KEY,
  H_NETWORK,
  H_TICK,
  HEADER,
} from "../../../assembly/abi/layout.ts";
import { PROBES_MAX } from "../../../assembly/abi/limits.ts";
import { N_AGEING, N_LEARNED, N_LEARNED_MAX, N_STATIC, NETWORK_BYTES } from "../../../assembly/abi/network.ts";
import {
  TABLE_ABSENT,
  TABLE_ADDED,
  TABLE_CHANGED,
  TABLE_FULL,
  TABLE_LIMIT,
  TABLE_REMOVED,
  TABLE_SAME,
  TARGET_PORT,
  TARGET_STATIC,
  TARGET_VTEP,
} from "../../../assembly/abi/table.ts";
import { mix } from "../../oracle/hash.ts";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";

let probe: Probe;
const word = (at: number) => probe.view.getUint32(HEADER + at, true);
const row = (network: number) => word(H_NETWORK) + network * NETWORK_BYTES;
const set = (network: number, mac: number, target: number, tick = 0) => probe.call.fdbSet(network, BigInt(mac), target, tick);
const remove = (network: number, mac: number) => probe.call.fdbRemove(network, BigInt(mac));
/** The target of a MAC, 0 = absent. */
const find = (network: number, mac: number) => {
  const entry = probe.call.fdbFind(network, BigInt(mac));
  return entry === 0 ? 0 : probe.call.fdbTarget(entry);
};

function limits(network: number, { ageing = 100, learnedMax = 100_000 } = {}): void {
  probe.view.setUint32(row(network) + N_AGEING, ageing, true);
  probe.view.setUint32(row(network) + N_LEARNED_MAX, learnedMax, true);
}

beforeEach(() => {
  probe = new Probe({ fdbCapacity: 512 });
  for (let network = 1; network < 8; network++) limits(network);
});

/** The obvious FDB. */
class Twin {
  readonly entries = new Map<string, { network: number; target: number; seen: number }>();

  set(network: number, mac: number, target: number, tick: number, learnedMax = Number.POSITIVE_INFINITY): number {
    const key = `${network} ${mac}`;
    const before = this.entries.get(key);
    const learned = (target & TARGET_STATIC) === 0;
    if (before?.target === target) {
      before.seen = tick;
      return TABLE_SAME;
    }
    if (before && learned && before.target & TARGET_STATIC) return TABLE_SAME;
    if (!before && learned && this.count(network, false) >= learnedMax) return TABLE_LIMIT;
    this.entries.set(key, { network, target, seen: tick });
    return before ? TABLE_CHANGED : TABLE_ADDED;
  }

  remove(network: number, mac: number): number {
    return this.entries.delete(`${network} ${mac}`) ? TABLE_REMOVED : TABLE_ABSENT;
  }

  removeWhere(gone: (entry: { network: number; target: number; seen: number }) => boolean): number {
    const keys = [...this.entries].filter(([, entry]) => gone(entry)).map(([key]) => key);
    for (const key of keys) this.entries.delete(key);
    return keys.length;
  }

  count(network: number, isStatic: boolean): number {
    return [...this.entries.values()].filter((entry) => entry.network === network && ((entry.target & TARGET_STATIC) !== 0) === isStatic)
      .length;
  }
}

function expectCounts(twin: Twin): void {
  for (let network = 1; network < 8; network++) {
    const at = row(network);
    expect([probe.view.getUint32(at + N_LEARNED, true), probe.view.getUint32(at + N_STATIC, true)]).toEqual([
      twin.count(network, false),
      twin.count(network, true),
    ]);
  }
  expect(word(H_FDB_LIVE)).toBe(twin.entries.size);
}

function expectSame(twin: Twin, macs: Iterable<number>): void {
  for (const mac of macs) {
    for (let network = 1; network < 8; network++) {
      expect(find(network, mac)).toBe(twin.entries.get(`${network} ${mac}`)?.target ?? 0);
    }
  }
  expectCounts(twin);
}

test(`100,000 random operations leave what a Map would hold (seed ${seed})`, { timeout: 60_000 }, () => {
  const random = new Random();
  const twin = new Twin();
  // Few enough that keys come back, are moved, die and are reborn; more than the table has room for in dead keys.
  const macs = Array.from({ length: 100 }, () => random.u32() * 65536 + random.below(65536));
  let tick = 1;
  for (let i = 0; i < 100_000; i++) {
    const network = random.between(1, 7);
    const mac = random.pick(macs);
    const target = random.between(1, 4) | random.pick([TARGET_PORT, TARGET_VTEP]) | random.pick([0, 0, TARGET_STATIC]);
    const kind = random.below(100);
    if (kind < 50) {
      const found = set(network, mac, target, tick);
      if (found === TABLE_FULL) {
        probe.call.fdbRebuild();
        expect(set(network, mac, target, tick)).toBe(twin.set(network, mac, target, tick));
      } else {
        expect(found).toBe(twin.set(network, mac, target, tick));
      }
    } else if (kind < 95) expect(remove(network, mac)).toBe(twin.remove(network, mac));
    else if (kind < 97) {
      tick += random.below(60);
      const gone = twin.removeWhere((entry) => (entry.target & TARGET_STATIC) === 0 && tick - entry.seen >= 100);
      expect(probe.call.fdbAge(tick)).toBe(gone);
    } else if (kind < 98) {
      const gone = twin.removeWhere((entry) => entry.network === network && (entry.target & ~TARGET_STATIC) === (target & ~TARGET_STATIC));
      expect(probe.call.fdbFlush(network, target & ~TARGET_STATIC)).toBe(gone);
    } else if (kind < 99 && random.oneIn(20)) {
      expect(probe.call.fdbFlush(network, 0)).toBe(twin.removeWhere((entry) => entry.network === network));
    } else if (random.oneIn(10)) probe.call.fdbRebuild();
    if (i % 10_000 === 0) expectSame(twin, macs);
  }
  expectSame(twin, macs);
});

describe("an entry", () => {
  test("belongs to its network: MACs repeat", () => {
    set(1, 5, TARGET_PORT | 1);
    set(2, 5, TARGET_VTEP | 2);
    expect([find(1, 5), find(2, 5), find(3, 5)]).toEqual([TARGET_PORT | 1, TARGET_VTEP | 2, 0]);
  });

  test("holds any MAC and any network", () => {
    const wide = new Probe();
    const macs = [1, 0xffffffffffff, 0x8000_0000_0000, 0x0000_ffff_ffff];
    for (const network of [1, 1023]) {
      wide.view.setUint32(wide.view.getUint32(HEADER + H_NETWORK, true) + network * NETWORK_BYTES + N_LEARNED_MAX, 99, true);
      for (const mac of macs) expect(wide.call.fdbSet(network, BigInt(mac), TARGET_PORT | 65535, 0)).toBe(TABLE_ADDED);
    }
    for (const network of [1, 1023]) {
      for (const mac of macs) expect(wide.call.fdbTarget(wide.call.fdbFind(network, BigInt(mac)))).toBe(TARGET_PORT | 65535);
    }
  });

  test("that is static is never moved by learning; a learned one is, and becomes static by the control plane's word", () => {
    expect(set(1, 5, TARGET_PORT | 1)).toBe(TABLE_ADDED);
    expect(set(1, 5, TARGET_VTEP | 1)).toBe(TABLE_CHANGED);
    expect(set(1, 5, TARGET_VTEP | 1 | TARGET_STATIC)).toBe(TABLE_CHANGED);
    expect(set(1, 5, TARGET_PORT | 1)).toBe(TABLE_SAME);
    expect(set(1, 5, TARGET_VTEP | 1)).toBe(TABLE_SAME);
    expect(find(1, 5)).toBe(TARGET_VTEP | 1 | TARGET_STATIC);
    expect(set(1, 5, TARGET_PORT | 3 | TARGET_STATIC)).toBe(TABLE_CHANGED);
  });

  test("that is learned ages, unless it is seen; a static one does not", () => {
    set(1, 5, TARGET_PORT | 1, 1000);
    set(1, 6, TARGET_PORT | 1 | TARGET_STATIC, 1000);
    expect(probe.call.fdbAge(1099)).toBe(0);
    probe.call.fdbTouch(probe.call.fdbFind(1, 5n), 1050);
    expect(probe.call.fdbAge(1149)).toBe(0);
    expect(probe.call.fdbAge(1150)).toBe(1);
    expect(probe.call.fdbAge(9_999_999)).toBe(0);
    expect([find(1, 5), find(1, 6)]).toEqual([0, TARGET_PORT | 1 | TARGET_STATIC]);
  });

  test("seen later than the caller's tick, or just after the tick's wrap, is young", () => {
    set(1, 5, TARGET_PORT | 1, 1005);
    expect(probe.call.fdbAge(1000)).toBe(0);
    set(1, 6, TARGET_PORT | 1, 2 ** 32 - 50);
    set(1, 5, TARGET_PORT | 1, 2 ** 32 - 1);
    expect(probe.call.fdbAge(40)).toBe(0);
    expect(probe.call.fdbAge(50)).toBe(1);
    expect(find(1, 5)).not.toBe(0);
  });

  test("a touch of one that went away does not bring it back", () => {
    set(1, 5, TARGET_PORT | 1, 7);
    const entry = probe.call.fdbFind(1, 5n);
    remove(1, 5);
    probe.call.fdbTouch(entry, 9);
    expect(find(1, 5)).toBe(0);
    expect(set(1, 5, TARGET_PORT | 2, 10)).toBe(TABLE_ADDED);
    expectCounts(Object.assign(new Twin(), { entries: new Map([["1 5", { network: 1, target: TARGET_PORT | 2, seen: 10 }]]) }));
  });
});

test("learned entries are limited by network, static ones are not", () => {
  limits(1, { learnedMax: 3 });
  expect([1, 2, 3, 4].map((mac) => set(1, mac, TARGET_PORT | 1))).toEqual([TABLE_ADDED, TABLE_ADDED, TABLE_ADDED, TABLE_LIMIT]);
  expect(set(1, 1, TARGET_PORT | 2)).toBe(TABLE_CHANGED);
  expect(set(1, 9, TARGET_PORT | 1 | TARGET_STATIC)).toBe(TABLE_ADDED);
  expect(set(2, 4, TARGET_PORT | 1)).toBe(TABLE_ADDED);
  remove(1, 2);
  expect(set(1, 4, TARGET_PORT | 1)).toBe(TABLE_ADDED);
});

test("a full table says so, keeps what it has, and takes more after a rebuild without the dead", () => {
  const slots = word(H_FDB_SLOTS);
  let taken = 0;
  while (set(1, 1000 + taken, TARGET_VTEP | 1) === TABLE_ADDED) taken++;
  // The capacity asked for is half of the slots. Beyond it a chain may come to its end before three quarters are used, as the hash key will have it.
  expect(taken).toBeGreaterThanOrEqual(512);
  expect(taken).toBeLessThanOrEqual(slots - slots / 4);
  expect(set(1, 1000, TARGET_VTEP | 2)).toBe(TABLE_CHANGED);
  expect(set(1, 1000 + taken, TARGET_VTEP | 1 | TARGET_STATIC)).toBe(TABLE_FULL);
  for (let i = 0; i < 300; i++) remove(1, 1000 + i);
  expect(set(1, 1000 + taken, TARGET_VTEP | 1)).toBe(TABLE_FULL);
  const [live, spare] = [word(H_FDB), word(H_FDB_SPARE)];
  probe.call.fdbRebuild();
  expect([word(H_FDB), word(H_FDB_SPARE)]).toEqual([spare, live]);
  expect([word(H_FDB_USED), word(H_FDB_LIVE)]).toEqual([taken - 300, taken - 300]);
  for (let i = 0; i < 100; i++) expect(set(2, i + 1, TARGET_VTEP | 1)).toBe(TABLE_ADDED);
  for (let i = 0; i < taken; i++) expect(find(1, 1000 + i)).toBe(i < 300 ? 0 : TARGET_VTEP | 1);
});

test("more keys in one bucket than are looked at: the last is refused, and no look-up is wrong", () => {
  const slots = BigInt(word(H_FDB_SLOTS));
  const key = probe.view.getBigUint64(HEADER + H_HASH_KEY, true);
  const macs: number[] = [];
  for (let mac = 1; macs.length < PROBES_MAX + 3; mac++) {
    if ((mix(((1n << 48n) | BigInt(mac)) ^ key) & (slots - 1n)) === 7n) macs.push(mac);
  }
  const answers = macs.map((mac) => set(1, mac, TARGET_PORT | 1));
  expect(answers).toEqual(macs.map((_, i) => (i < PROBES_MAX ? TABLE_ADDED : TABLE_FULL)));
  expect(macs.map((mac) => find(1, mac) !== 0)).toEqual(macs.map((_, i) => i < PROBES_MAX));
  remove(1, macs[0]);
  expect(find(1, macs[5])).not.toBe(0);
  probe.call.fdbRebuild();
  expect(macs.slice(1, PROBES_MAX).every((mac) => find(1, mac) !== 0)).toBe(true);
  expect(set(1, macs[PROBES_MAX], TARGET_PORT | 1)).toBe(TABLE_ADDED);
  expect(probe.view.getUint32(HEADER + H_TICK, true)).toBe(0);
});

test("a rebuild loses no entry of a chain that goes on at the table's beginning", () => {
  const slots = word(H_FDB_SLOTS);
  const key = probe.view.getBigUint64(HEADER + H_HASH_KEY, true);
  const first = slots - (PROBES_MAX - 1);
  // As many as are looked at but one up to the last slot; two more, whose chain begins one slot later, come to lie in slots 0 and 1. Were those
  // two taken first, they would go to the chain's beginning, and push the last of the others out of its reach.
  const macs = { [first]: [] as number[], [first + 1]: [] as number[] };
  for (let mac = 1; macs[first].length < PROBES_MAX - 1 || macs[first + 1].length < 2; mac++) {
    macs[Number(mix(((1n << 48n) | BigInt(mac)) ^ key) & BigInt(slots - 1))]?.push(mac);
  }
  const chain = [...macs[first].slice(0, PROBES_MAX - 1), ...macs[first + 1].slice(0, 2)];
  for (const mac of chain) expect(set(1, mac, TARGET_PORT | 1)).toBe(TABLE_ADDED);
  const live = word(H_FDB);
  probe.call.fdbRebuild();
  expect(word(H_FDB)).not.toBe(live);
  expect(chain.filter((mac) => find(1, mac) === 0)).toEqual([]);
  expect([word(H_FDB_USED), word(H_FDB_LIVE)]).toEqual([chain.length, chain.length]);
});
