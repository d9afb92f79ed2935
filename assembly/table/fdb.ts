// The forwarding database: (network, MAC) → port or VTEP. RFC 7348 section 4: MACs may repeat across VNIs, so the network is
// part of the key. Open addressing; a key is written once and stays until rebuild() fills the spare table and flips, so readers
// need no lock and never wait. Reading: any worker. Writing: the main thread's instance alone, except touch().

import { H_FDB, H_FDB_LIVE, H_FDB_SLOTS, H_FDB_SPARE, H_FDB_USED, HEADER } from "../abi/layout";
import { PROBES_MAX } from "../abi/limits";
import { N_AGEING, N_LEARNED, N_LEARNED_MAX, N_STATIC } from "../abi/network";
import {
  FDB_BYTES,
  FDB_KEY,
  FDB_SEEN,
  FDB_TARGET,
  TABLE_ABSENT,
  TABLE_ADDED,
  TABLE_CHANGED,
  TABLE_FULL,
  TABLE_LIMIT,
  TABLE_REMOVED,
  TABLE_SAME,
  TARGET_INDEX,
  TARGET_STATIC,
} from "../abi/table";
import { hashKey, mix } from "./hash";
import { networkAt } from "./network";

@inline
export function fdbKey(network: u32, mac: u64): u64 {
  return ((<u64>network) << 48) | mac;
}

/**
 * The entry with this key in the table at `table`; else, with `free`, the slot where it would go; else 0. Only the writer may ask for a
 * free slot: under a reader's feet it may be taken by another key.
 */
@inline
function find(table: usize, key: u64, free: bool): usize {
  const mask = load<u32>(HEADER + H_FDB_SLOTS) - 1;
  let slot = <u32>mix(key ^ hashKey()) & mask;
  for (let probe = 0; probe < PROBES_MAX; probe++) {
    const entry = table + <usize>slot * FDB_BYTES;
    const found = atomic.load<u64>(entry, FDB_KEY);
    if (found == key) return entry;
    if (found == 0) return free ? entry : 0;
    slot = (slot + 1) & mask;
  }
  return 0;
}

/** The entry of a key that is present, else 0. The caller reads its target with fdbTarget(). */
export function fdbFind(network: u32, mac: u64): usize {
  const entry = find(<usize>atomic.load<u32>(HEADER + H_FDB), fdbKey(network, mac), false);
  return entry == 0 || fdbTarget(entry) == 0 ? 0 : entry;
}

/** TARGET_* bits and index; 0 if the entry went away meanwhile. */
@inline
export function fdbTarget(entry: usize): u32 {
  return <u32>(atomic.load<u64>(entry, FDB_SEEN) >> 32);
}

/** Marks an entry as seen now: the one store that workers do here. */
@inline
export function fdbTouch(entry: usize, tick: u32): void {
  if (load<u32>(entry, FDB_SEEN) != tick) atomic.store<u32>(entry, tick, FDB_SEEN);
}

@inline
function addTo(at: usize, amount: i32): void {
  store<u32>(at, load<u32>(at) + amount);
}

/** Counts an entry with this target in or out of its network's row. */
function count(network: u32, target: u32, amount: i32): void {
  addTo(networkAt(network) + (target & TARGET_STATIC ? N_STATIC : N_LEARNED), amount);
  addTo(HEADER + H_FDB_LIVE, amount);
}

/** Main thread only. Places a MAC. A learned target never replaces a static one (answer TABLE_SAME). */
export function fdbSet(network: u32, mac: u64, target: u32, tick: u32): u32 {
  const key = fdbKey(network, mac);
  const entry = find(load<u32>(HEADER + H_FDB), key, true);
  if (entry == 0) return TABLE_FULL;
  const before = load<u64>(entry, FDB_KEY) == 0 ? 0 : load<u32>(entry, FDB_TARGET);
  if (before == target) {
    fdbTouch(entry, tick);
    return TABLE_SAME;
  }
  const learned = (target & TARGET_STATIC) == 0;
  if (learned && before & TARGET_STATIC) return TABLE_SAME;
  const row = networkAt(network);
  if (learned && before == 0 && load<u32>(row, N_LEARNED) >= load<u32>(row, N_LEARNED_MAX)) return TABLE_LIMIT;
  if (load<u64>(entry, FDB_KEY) == 0) {
    const slots = load<u32>(HEADER + H_FDB_SLOTS);
    if (load<u32>(HEADER + H_FDB_USED) >= slots - (slots >> 2)) return TABLE_FULL;
    addTo(HEADER + H_FDB_USED, 1);
  }
  if (before != 0) count(network, before, -1);
  count(network, target, 1);
  atomic.store<u64>(entry, ((<u64>target) << 32) | <u64>tick, FDB_SEEN);
  atomic.store<u64>(entry, key, FDB_KEY);
  return before == 0 ? TABLE_ADDED : TABLE_CHANGED;
}

function clear(entry: usize): void {
  count(<u32>(load<u64>(entry, FDB_KEY) >> 48), load<u32>(entry, FDB_TARGET), -1);
  atomic.store<u64>(entry, 0, FDB_SEEN);
}

/** Main thread only. */
export function fdbRemove(network: u32, mac: u64): u32 {
  const entry = find(load<u32>(HEADER + H_FDB), fdbKey(network, mac), false);
  if (entry == 0 || load<u32>(entry, FDB_TARGET) == 0) return TABLE_ABSENT;
  clear(entry);
  return TABLE_REMOVED;
}

/**
 * Main thread only. Removes learned entries that were not seen as a source for their network's ageing time; a look-up does not refresh
 * (IEEE 802.1D-2004 section 7.9.2). Answers how many went.
 */
export function fdbAge(tick: u32): u32 {
  const table = <usize>load<u32>(HEADER + H_FDB);
  const end = table + <usize>load<u32>(HEADER + H_FDB_SLOTS) * FDB_BYTES;
  let removed: u32 = 0;
  for (let entry = table; entry < end; entry += FDB_BYTES) {
    const target = load<u32>(entry, FDB_TARGET);
    if (target == 0 || target & TARGET_STATIC) continue;
    const ageing = load<u32>(networkAt(<u32>(load<u64>(entry, FDB_KEY) >> 48)), N_AGEING);
    // Signed: an entry that a worker saw in a later tick than the caller's is young, not old.
    if (<i32>(tick - load<u32>(entry, FDB_SEEN)) < <i32>ageing) continue;
    clear(entry);
    removed++;
  }
  return removed;
}

/** Main thread only. Removes every entry of `network` that points to `target` (kind and index); 0 as target: all of the network's. */
export function fdbFlush(network: u32, target: u32): u32 {
  const table = <usize>load<u32>(HEADER + H_FDB);
  const end = table + <usize>load<u32>(HEADER + H_FDB_SLOTS) * FDB_BYTES;
  let removed: u32 = 0;
  for (let entry = table; entry < end; entry += FDB_BYTES) {
    const found = load<u32>(entry, FDB_TARGET);
    if (found == 0 || <u32>(load<u64>(entry, FDB_KEY) >> 48) != network) continue;
    if (target != 0 && (found & ~TARGET_STATIC) != target) continue;
    clear(entry);
    removed++;
  }
  return removed;
}

/**
 * Main thread only, and only when no worker can still be reading the spare table (a grace period since the last flip). Copies what is
 * present into the spare table and flips. Dead keys vanish.
 *
 * Nothing else can: taken in order from behind a slot that never had a key (there are some, and no chain crosses one), each entry
 * goes to its old place or before it, for those taken earlier have done so too. Were it otherwise, there is no flip, and the table stays full.
 */
export function fdbRebuild(): void {
  const from = <usize>load<u32>(HEADER + H_FDB);
  const to = <usize>load<u32>(HEADER + H_FDB_SPARE);
  const slots = load<u32>(HEADER + H_FDB_SLOTS);
  memory.fill(to, 0, <usize>slots * FDB_BYTES);
  let first: u32 = 0;
  while (first < slots && load<u64>(from + <usize>first * FDB_BYTES, FDB_KEY) != 0) first++;
  let used: u32 = 0;
  for (let i: u32 = 0; i < slots; i++) {
    const entry = from + <usize>((first + i) & (slots - 1)) * FDB_BYTES;
    if (load<u32>(entry, FDB_TARGET) == 0) continue;
    const slot = find(to, load<u64>(entry, FDB_KEY), true);
    if (slot == 0) return;
    store<u64>(slot, load<u64>(entry, FDB_SEEN), FDB_SEEN);
    store<u64>(slot, load<u64>(entry, FDB_KEY), FDB_KEY);
    used++;
  }
  store<u32>(HEADER + H_FDB_USED, used);
  store<u32>(HEADER + H_FDB_SPARE, <u32>from);
  atomic.store<u32>(HEADER + H_FDB, <u32>to);
}

@inline
export function targetIndex(target: u32): u32 {
  return target & TARGET_INDEX;
}
