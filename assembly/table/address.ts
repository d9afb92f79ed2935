// Addresses: (network, IP) → MAC (neighbours, for answering ARP and ND), and (SPACE_VTEP, outer IP) → VTEP index. The same table
// discipline as the FDB's: keys are written once, a value is one i64, a rebuild goes to the spare table.

import { H_ADDRESS, H_ADDRESS_LIVE, H_ADDRESS_SLOTS, H_ADDRESS_SPARE, H_ADDRESS_USED, HEADER } from "../abi/layout";
import { PROBES_MAX } from "../abi/limits";
import {
  A_HIGH,
  A_LOW,
  A_SPACE,
  A_VALUE,
  ADDRESS_BYTES,
  ADDRESS_PRESENT,
  TABLE_ABSENT,
  TABLE_ADDED,
  TABLE_CHANGED,
  TABLE_FULL,
  TABLE_REMOVED,
  TABLE_SAME,
} from "../abi/table";
import { hashKey, mix } from "./hash";

const PRESENT: u64 = (<u64>ADDRESS_PRESENT) << 32;

/** Upper half of an IPv4 address written as ::ffff:a.b.c.d, before the address itself, as it lies in memory. */
@inline
export function mappedHigh(ipv4: u32): u64 {
  return ((<u64>ipv4) << 32) | 0xffff0000;
}

/** As in the FDB: the key's entry; else, for the writer alone, the free slot; else 0. */
@inline
function find(table: usize, space: u64, low: u64, high: u64, free: bool): usize {
  const mask = load<u32>(HEADER + H_ADDRESS_SLOTS) - 1;
  let slot = <u32>mix(mix(low ^ hashKey()) ^ high ^ (space << 40)) & mask;
  for (let probe = 0; probe < PROBES_MAX; probe++) {
    const entry = table + <usize>slot * ADDRESS_BYTES;
    const found = atomic.load<u64>(entry, A_SPACE);
    if (found == 0) return free ? entry : 0;
    if (found == space && load<u64>(entry, A_LOW) == low && load<u64>(entry, A_HIGH) == high) return entry;
    slot = (slot + 1) & mask;
  }
  return 0;
}

/** The value (a MAC or an index) with PRESENT set, or 0: absent. */
export function addressFind(space: u32, low: u64, high: u64): u64 {
  const entry = find(<usize>atomic.load<u32>(HEADER + H_ADDRESS), space, low, high, false);
  if (entry == 0) return 0;
  return atomic.load<u64>(entry, A_VALUE);
}

/** What a present value holds. */
@inline
export function addressValue(value: u64): u64 {
  return value & ~PRESENT;
}

@inline
function addTo(at: usize, amount: i32): void {
  store<u32>(at, load<u32>(at) + amount);
}

/** Main thread only. */
export function addressSet(space: u32, low: u64, high: u64, value: u64): u32 {
  const entry = find(load<u32>(HEADER + H_ADDRESS), space, low, high, true);
  if (entry == 0) return TABLE_FULL;
  const present = value | PRESENT;
  const fresh = load<u64>(entry, A_SPACE) == 0;
  const before = load<u64>(entry, A_VALUE);
  if (!fresh && before == present) return TABLE_SAME;
  if (fresh) {
    const slots = load<u32>(HEADER + H_ADDRESS_SLOTS);
    if (load<u32>(HEADER + H_ADDRESS_USED) >= slots - (slots >> 2)) return TABLE_FULL;
    addTo(HEADER + H_ADDRESS_USED, 1);
    store<u64>(entry, low, A_LOW);
    store<u64>(entry, high, A_HIGH);
  }
  const added = fresh || before == 0;
  if (added) addTo(HEADER + H_ADDRESS_LIVE, 1);
  atomic.store<u64>(entry, present, A_VALUE);
  if (fresh) atomic.store<u64>(entry, space, A_SPACE);
  return added ? TABLE_ADDED : TABLE_CHANGED;
}

/** Main thread only. */
export function addressRemove(space: u32, low: u64, high: u64): u32 {
  const entry = find(load<u32>(HEADER + H_ADDRESS), space, low, high, false);
  if (entry == 0 || load<u64>(entry, A_VALUE) == 0) return TABLE_ABSENT;
  atomic.store<u64>(entry, 0, A_VALUE);
  addTo(HEADER + H_ADDRESS_LIVE, -1);
  return TABLE_REMOVED;
}

/** Main thread only, after a grace period since the last flip. Copies what is present into the spare table, in fdbRebuild()'s order, and flips. */
export function addressRebuild(): void {
  const from = <usize>load<u32>(HEADER + H_ADDRESS);
  const to = <usize>load<u32>(HEADER + H_ADDRESS_SPARE);
  const slots = load<u32>(HEADER + H_ADDRESS_SLOTS);
  memory.fill(to, 0, <usize>slots * ADDRESS_BYTES);
  let first: u32 = 0;
  while (first < slots && load<u64>(from + <usize>first * ADDRESS_BYTES, A_SPACE) != 0) first++;
  let used: u32 = 0;
  for (let i: u32 = 0; i < slots; i++) {
    const entry = from + <usize>((first + i) & (slots - 1)) * ADDRESS_BYTES;
    if (load<u64>(entry, A_VALUE) == 0) continue;
    const slot = find(to, load<u64>(entry, A_SPACE), load<u64>(entry, A_LOW), load<u64>(entry, A_HIGH), true);
    if (slot == 0) return;
    memory.copy(slot, entry, ADDRESS_BYTES);
    used++;
  }
  store<u32>(HEADER + H_ADDRESS_USED, used);
  store<u32>(HEADER + H_ADDRESS_LIVE, used);
  store<u32>(HEADER + H_ADDRESS_SPARE, <u32>from);
  atomic.store<u32>(HEADER + H_ADDRESS, <u32>to);
}
