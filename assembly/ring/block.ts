// This instance's worker block: where its descriptors, counters and buffers are. Set once by attach(); AssemblyScript globals are
// per instance, so each worker's instance has its own.

import { H_TICK, H_WORKER, H_WORKERS, HEADER } from "../abi/layout";
import { W_COUNTERS, WORKER_BYTES } from "../abi/worker";

/** Start of the block. */
export let block: usize = 0;
/** Start of the counters' rows. */
export let counters: usize = 0;

/** Binds this instance to worker `index`. Returns 0, or 1 when there is no such worker. */
export function attach(index: u32): u32 {
  if (index >= load<u32>(HEADER + H_WORKERS)) return 1;
  block = <usize>load<u32>(HEADER + H_WORKER) + <usize>index * WORKER_BYTES;
  counters = block + W_COUNTERS;
  return 0;
}

/** Now, in ticks of TICK_MS. */
@inline
export function now(): u32 {
  return atomic.load<u32>(HEADER + H_TICK);
}
