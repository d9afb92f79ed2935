// The event ring from this worker to the main thread: single producer, single consumer, bounded; a full ring is counted, never
// waited for. Repeats within one tick are told once. The doorbell rings once a breath (ring()), not once an event.

import {
  E_ADDRESS,
  E_INDEX,
  E_KIND,
  E_MAC,
  E_NETWORK,
  EVENT_BYTES,
  EVENT_LEARN_ADDRESS,
  EVENT_LEARN_PORT,
  EVENT_LEARN_VTEP,
  EVENT_PATH_MTU,
  EVENT_PORT_GONE,
} from "../abi/event";
import { H_DOORBELL, H_HASH_KEY, HEADER } from "../abi/layout";
import { EVENTS_MAX } from "../abi/limits";
import { BUCKETS, S_EVENTS_LOST, W_EVENT_HEAD, W_EVENT_TAIL, W_EVENTS, W_STATS, W_TOLD } from "../abi/worker";
import { block, now } from "./block";

/** 2^64 over the golden ratio (Knuth, TAOCP 6.4): spreads a digest over its upper bits. */
const SPREAD: u64 = 0x9e3779b97f4a7c15;

/** Events written since the doorbell last rang. */
let unrung: u32 = 0;

/** True when the same digest was told in this tick already; remembers it otherwise. A collision only tells twice or a tick later. */
function told(digest: u64): bool {
  digest = ((digest ^ ((<u64>now()) << 32)) * SPREAD) | 1;
  const at = block + W_TOLD + (<usize>(digest >> 48) & (BUCKETS - 1)) * 8;
  if (load<u64>(at) == digest) return true;
  store<u64>(at, digest);
  return false;
}

/** Spread before anything else is mixed in, or neighbouring MACs, indices and kinds would cancel out; keyed, since containers choose their MACs. */
@inline
function digestOf(network: u32, mac: u64): u64 {
  return (((<u64>network) << 48) ^ mac ^ load<u64>(HEADER + H_HASH_KEY)) * SPREAD;
}

/** The next free entry, or 0 when the ring is full (counted). publish() makes it visible. */
function reserve(): usize {
  const head = load<u32>(block + W_EVENT_HEAD);
  if (head - atomic.load<u32>(block + W_EVENT_TAIL) >= <u32>EVENTS_MAX) {
    store<u64>(block + W_STATS + S_EVENTS_LOST, load<u64>(block + W_STATS + S_EVENTS_LOST) + 1);
    return 0;
  }
  return block + W_EVENTS + <usize>(head & (EVENTS_MAX - 1)) * EVENT_BYTES;
}

@inline
function publish(): void {
  atomic.store<u32>(block + W_EVENT_HEAD, load<u32>(block + W_EVENT_HEAD) + 1);
  unrung++;
}

/** `kind` is any but EVENT_LEARN_ADDRESS; those that concern no network or MAC leave them 0. */
export function tell(kind: u32, network: u32, mac: u64, index: u32): void {
  if (told(digestOf(network, mac) ^ ((<u64>index) << 8) ^ <u64>kind)) return;
  const at = reserve();
  if (at == 0) return;
  store<u32>(at, kind, E_KIND);
  store<u32>(at, network, E_NETWORK);
  store<u64>(at, mac, E_MAC);
  store<u32>(at, index, E_INDEX);
  publish();
}

/** EVENT_LEARN_ADDRESS: a MAC behind an outer source (16 bytes at `address`) that is no VTEP of ours yet. */
export function tellAddress(network: u32, mac: u64, address: usize): void {
  if (told(((digestOf(network, mac) ^ load<u64>(address)) * SPREAD) ^ load<u64>(address, 8))) return;
  const at = reserve();
  if (at == 0) return;
  store<u32>(at, EVENT_LEARN_ADDRESS, E_KIND);
  store<u32>(at, network, E_NETWORK);
  store<u64>(at, mac, E_MAC);
  store<u64>(at, load<u64>(address), E_ADDRESS);
  store<u64>(at, load<u64>(address, 8), E_ADDRESS + 8);
  publish();
}

@inline
export function tellLearnedPort(network: u32, mac: u64, port: u32): void {
  tell(EVENT_LEARN_PORT, network, mac, port);
}

@inline
export function tellLearnedVtep(network: u32, mac: u64, vtep: u32): void {
  tell(EVENT_LEARN_VTEP, network, mac, vtep);
}

/** Called by the host's side of this worker after EMSGSIZE. */
export function tellPathMtu(vtep: u32): void {
  tell(EVENT_PATH_MTU, 0, 0, vtep);
  ring();
}

/** Called by the host's side of this worker when a TAP is gone. */
export function tellPortGone(port: u32): void {
  tell(EVENT_PORT_GONE, 0, 0, port);
  ring();
}

/** Rings the doorbell if there is news. */
export function ring(): void {
  if (unrung == 0) return;
  unrung = 0;
  atomic.add<u32>(HEADER + H_DOORBELL, 1);
  atomic.notify(HEADER + H_DOORBELL, 1);
}
