// Where a worker is in its breath, told to the main thread, which leaves alone whatever a worker may still be reading (host/core/grace.ts). In
// the core, since an atomic store from JavaScript is a call of its own.

import { H_GENERATION, H_STOP, HEADER } from "../abi/layout";
import { W_STATE, WORKER_IDLE, WORKER_RUNNING } from "../abi/worker";
import { block } from "./block";

/** The top of a breath: this worker reads tables from here on. Returns their generation; one that is new goes to W_GENERATION once it is followed. */
export function wake(): u32 {
  atomic.store<u32>(block + W_STATE, WORKER_RUNNING);
  return atomic.load<u32>(HEADER + H_GENERATION);
}

/** This worker holds no table any more and is about to sleep. Returns 1 when it is to end instead (H_STOP). */
export function rest(): u32 {
  atomic.store<u32>(block + W_STATE, WORKER_IDLE);
  return atomic.load<u32>(HEADER + H_STOP);
}
