// Where this worker is in the descriptors it was handed. A call that runs out of room (sends, writes, replies) stops at a replica of a
// frame, the host flushes, and the next call goes on right there: nothing is counted twice, nothing is lost. The cursor lies in shared memory, so
// that a worker that replaces a trapped one knows where that one was.

import {
  RX_BYTES,
  STARTED_COUNTED,
  STARTED_NETWORK,
  STARTED_REPLICATED,
  W_DIRECTION,
  W_REPLICA,
  W_RX,
  W_RX_COUNT,
  W_RX_NEXT,
  W_RX_SEGMENT,
  W_STARTED,
} from "../abi/worker";
import { block } from "../ring/block";

/** The rx descriptor at `index`. */
@inline
export function rxAt(index: u32): usize {
  return block + W_RX + <usize>index * RX_BYTES;
}

/** Begins `count` descriptors, or goes on with them when this direction's last call paused. Returns the index to go on from. */
export function resume(direction: u32, count: u32): u32 {
  if (load<u32>(block + W_DIRECTION) != direction) {
    store<u32>(block + W_DIRECTION, direction);
    store<u32>(block + W_RX_COUNT, count);
    store<u32>(block + W_RX_NEXT, 0);
    store<u32>(block + W_RX_SEGMENT, 0);
    nextFrame();
  }
  return load<u32>(block + W_RX_NEXT);
}

/** The frame being worked on is done with. */
@inline
export function nextFrame(): void {
  store<u32>(block + W_REPLICA, 0);
  store<u32>(block + W_STARTED, 0);
}

/** The descriptor is done with. */
@inline
export function nextDescriptor(index: u32): void {
  store<u32>(block + W_RX_NEXT, index + 1);
  store<u32>(block + W_RX_SEGMENT, 0);
  nextFrame();
}

/** Whether the frame being worked on is the only one that the host has handed over. */
@inline
export function isLone(): bool {
  return load<u32>(block + W_RX_COUNT) == 1;
}

/** All descriptors are done with. */
@inline
export function finished(): void {
  store<u32>(block + W_DIRECTION, 0);
}

/** Whether the frame being worked on has not been counted as received yet. */
@inline
export function isFresh(): bool {
  return load<u32>(block + W_STARTED) == 0;
}

/** The frame being worked on is counted as received on `network`. Should it pause, it goes on there: by then the tables may say otherwise. */
@inline
export function started(network: u32): void {
  store<u32>(block + W_STARTED, STARTED_COUNTED | (network << STARTED_NETWORK));
}

/** The network on which the frame being worked on was counted. */
@inline
export function startedNetwork(): u32 {
  return load<u32>(block + W_STARTED) >> STARTED_NETWORK;
}

/** Whether a replica of the frame being worked on has gone out. */
@inline
export function isReplicated(): bool {
  return (load<u32>(block + W_STARTED) & STARTED_REPLICATED) != 0;
}

/** Replica `next` − 1 of the frame being worked on is going out. */
@inline
export function replicated(next: u32): void {
  store<u32>(block + W_STARTED, load<u32>(block + W_STARTED) | STARTED_REPLICATED);
  store<u32>(block + W_REPLICA, next);
}
