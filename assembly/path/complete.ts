// The end of a call: what the host sent and wrote is counted, descriptors are free again. And the beginning of a worker that replaces a
// trapped one: its predecessor's books are balanced, the frame that trapped is dropped with a reason of its own.

import {
  C_ANSWERED,
  C_COPIES,
  C_DELIVERED,
  C_DELIVERED_BYTES,
  C_DROPPED,
  C_GENERATED,
  C_RECEIVED_PORT,
  C_RECEIVED_UNDERLAY,
  C_SENT,
  C_SENT_BYTES,
  COUNTER_ROW_BYTES,
  COUNTERS,
} from "../abi/counter";
import { NETWORKS_MAX } from "../abi/limits";
import { DROP_CORE_TRAP, DROP_TX_ERROR, REASONS } from "../abi/reason";
import {
  BUCKETS,
  D_FRAME_BYTES,
  D_FRAMES,
  D_NETWORK,
  D_REASON,
  DIRECTION_INGRESS,
  R_LENGTH,
  R_SEGMENT_BYTES,
  T_BUCKET,
  T_DROPPED,
  T_FRAME_BYTES,
  T_NETWORK,
  T_REASON,
  T_SEGMENT_BYTES,
  T_SEGMENTS,
  TX_BYTES,
  W_DIRECTION,
  W_MERGE_BUCKETS,
  W_REPLY_COUNT,
  W_RX_COUNT,
  W_RX_NEXT,
  W_RX_SEGMENT,
  W_TX,
  W_TX_BUCKETS,
  W_TX_COUNT,
  W_WRITE,
  W_WRITE_COUNT,
  WRITE_BYTES,
} from "../abi/worker";
import { finishMerge, forgetMerge } from "../offload/merge";
import { block, counters } from "../ring/block";
import { count, drop } from "../ring/counter";
import { ring } from "../ring/event";
import { VXLAN_BYTES } from "../wire/vxlan";
import { isFresh, nextFrame, rxAt } from "./cursor";

/** Closes every merge, so that writes can be handed to the kernel. Called by ingress() before it returns; frames from TAPs are never merged. */
export function finishWrites(): void {
  const writes = load<u32>(block + W_WRITE_COUNT);
  for (let i: u32 = 0; i < writes; i++) {
    finishMerge(block + W_WRITE + <usize>i * WRITE_BYTES);
  }
}

/** Counts what the host did with the descriptors (T_DROPPED, T_REASON, D_REASON), frees them, and rings the doorbell if there is news. */
export function complete(): void {
  const sends = load<u32>(block + W_TX_COUNT);
  for (let i: u32 = 0; i < sends; i++) {
    const send = block + W_TX + <usize>i * TX_BYTES;
    countSend(send);
    store<u32>(<usize>load<u32>(send, T_BUCKET), 0);
  }
  const writes = load<u32>(block + W_WRITE_COUNT);
  for (let i: u32 = 0; i < writes; i++) {
    const write = block + W_WRITE + <usize>i * WRITE_BYTES;
    countWrite(write);
    forgetMerge(write);
  }
  free();
  ring();
}

function free(): void {
  store<u32>(block + W_TX_COUNT, 0);
  store<u32>(block + W_WRITE_COUNT, 0);
  store<u32>(block + W_REPLY_COUNT, 0);
}

function countSend(send: usize): void {
  const network = load<u32>(send, T_NETWORK);
  const dropped = load<u32>(send, T_DROPPED);
  const sent = load<u32>(send, T_SEGMENTS) - dropped;
  const all = load<u32>(send, T_FRAME_BYTES);
  count(network, C_SENT, sent);
  count(network, C_SENT_BYTES, dropped == 0 ? all : min<u32>(all, sent * (load<u32>(send, T_SEGMENT_BYTES) - VXLAN_BYTES)));
  if (dropped != 0) drop(network, reasonOf(load<u32>(send, T_REASON)), dropped);
}

function countWrite(write: usize): void {
  const network = load<u32>(write, D_NETWORK);
  const reason = load<u32>(write, D_REASON);
  const frames = load<u32>(write, D_FRAMES);
  if (reason != 0) {
    drop(network, reasonOf(reason), frames);
    return;
  }
  count(network, C_DELIVERED, frames);
  count(network, C_DELIVERED_BYTES, load<u32>(write, D_FRAME_BYTES));
}

@inline
function reasonOf(told: u32): u32 {
  return told == 0 || told >= <u32>REASONS ? DROP_TX_ERROR : told;
}

@inline
function counter(network: u32, index: u32): u64 {
  return load<u64>(counters + <usize>network * COUNTER_ROW_BYTES + ((<usize>index) << 3));
}

/** Counts what is left of a descriptor as received and dropped: the frame being worked on, if it is not counted, and the segments behind it. */
function giveUp(direction: u32, rx: usize): void {
  let frames: u32 = isFresh() ? 1 : 0;
  const step = direction == DIRECTION_INGRESS ? load<u32>(rx, R_SEGMENT_BYTES) : 0;
  const stop = load<u32>(rx, R_LENGTH);
  if (step != 0 && step < stop) {
    for (let at = load<u32>(block + W_RX_SEGMENT) + step; at < stop; at += step) frames++;
  }
  count(0, direction == DIRECTION_INGRESS ? C_RECEIVED_UNDERLAY : C_RECEIVED_PORT, frames);
  drop(0, DROP_CORE_TRAP, frames);
}

/**
 * After a trap, on a fresh instance that has attached to the same block: what was in flight is given up, each network's books are balanced
 * by core_trap drops, and the cursor stands behind the frame that trapped. Returns the direction that was being worked on (0 = none): the host
 * then calls egress() or ingress() with W_RX_COUNT again, and the frames behind the bad one are not lost.
 */
export function recover(): u32 {
  free();
  memory.fill(block + W_TX_BUCKETS, 0, BUCKETS * 8);
  memory.fill(block + W_MERGE_BUCKETS, 0, BUCKETS * 8);
  for (let network: u32 = 0; network < <u32>NETWORKS_MAX; network++) {
    const entered =
      counter(network, C_RECEIVED_PORT) +
      counter(network, C_RECEIVED_UNDERLAY) +
      counter(network, C_GENERATED) +
      counter(network, C_COPIES);
    let left = counter(network, C_DELIVERED) + counter(network, C_SENT) + counter(network, C_ANSWERED);
    for (let i = C_DROPPED; i < COUNTERS; i++) left += counter(network, i);
    if (entered > left) drop(network, DROP_CORE_TRAP, <u32>(entered - left));
  }
  const direction = load<u32>(block + W_DIRECTION);
  const next = load<u32>(block + W_RX_NEXT);
  // What trapped before it could be counted belongs to no network that we know of.
  if (direction != 0 && next < load<u32>(block + W_RX_COUNT)) giveUp(direction, rxAt(next));
  store<u32>(block + W_RX_NEXT, next + 1);
  store<u32>(block + W_RX_SEGMENT, 0);
  nextFrame();
  return direction;
}
