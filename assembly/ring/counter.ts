// A worker's counters: one row a network, written by this worker alone, read by the main thread (aligned u64s do not tear).

import { C_DROPPED, COUNTER_ROW_BYTES } from "../abi/counter";
import { counters } from "./block";

/** Adds `amount` to counter `index` of a network's row. */
@inline
export function count(network: u32, index: u32, amount: u32): void {
  const at = counters + <usize>network * COUNTER_ROW_BYTES + ((<usize>index) << 3);
  store<u64>(at, load<u64>(at) + <u64>amount);
}

/** Counts `frames` wire frames as dropped for `reason`. Network 0 = not attributable. */
@inline
export function drop(network: u32, reason: u32, frames: u32): void {
  count(network, C_DROPPED + reason, frames);
}
