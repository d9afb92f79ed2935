// Delivery to a local port: one write descriptor, whose gather list starts with a virtio-net header. Frames from a TAP go with the header
// they came with, superframe and all; frames from the underlay get one of their own, and may join an open merge.

import { C_GENERATED } from "../abi/counter";
import { REPLY_BYTES, REPLY_MAX, WRITE_MAX } from "../abi/limits";
import { DROP_PORT_DOWN } from "../abi/reason";
import {
  D_FRAME_BYTES,
  D_FRAMES,
  D_IOV,
  D_IOVS,
  D_LENGTH,
  D_NETWORK,
  D_PORT,
  D_REASON,
  D_VNET,
  IOV_BYTES,
  W_REPLY,
  W_REPLY_COUNT,
  W_RX_SEGMENT,
  W_WRITE,
  W_WRITE_COUNT,
  WRITE_BYTES,
} from "../abi/worker";
import { frame, hasPorts, length } from "../offload/frame";
import { closeMerge, noMerge, openMerge, tryMerge } from "../offload/merge";
import { csumOffset, csumStart, gsoType, headerBytes, partial, segmentPayload, segments, wireBytes } from "../offload/superframe";
import { block } from "../ring/block";
import { count, drop } from "../ring/counter";
import { portIsUp, portNetwork } from "../table/port";
import { clearVnet, GSO_NONE, VNET_BYTES, writeVnet } from "../wire/virtio-net";
import { flowHash } from "./flow";

@inline
export function deliverHasRoom(): bool {
  return load<u32>(block + W_WRITE_COUNT) < <u32>WRITE_MAX;
}

/** Room for one more frame of the core's own making, and for its delivery. */
@inline
export function replyHasRoom(): bool {
  return deliverHasRoom() && load<u32>(block + W_REPLY_COUNT) < <u32>REPLY_MAX;
}

/** Where the next reply is built: the Ethernet header's place, 16-aligned. */
export function replyBuffer(): usize {
  return block + W_REPLY + <usize>load<u32>(block + W_REPLY_COUNT) * REPLY_BYTES;
}

function openWrite(network: u32, port: u32, frames: u32, bytes: u32): usize {
  const index = load<u32>(block + W_WRITE_COUNT);
  store<u32>(block + W_WRITE_COUNT, index + 1);
  const write = block + W_WRITE + <usize>index * WRITE_BYTES;
  store<u32>(write, port, D_PORT);
  store<u32>(write, frames, D_FRAMES);
  store<u32>(write, bytes, D_FRAME_BYTES);
  store<u32>(write, network, D_NETWORK);
  store<u32>(write, 0, D_REASON);
  noMerge(write);
  return write;
}

function gather(write: usize, index: u32, at: usize, bytes: u32): void {
  const iov = write + D_IOV + <usize>index * IOV_BYTES;
  store<u32>(iov, <u32>at);
  store<u32>(iov, bytes, 4);
}

/** Gather list of a virtio-net header of our own and the whole frame at `at`. Returns where the header is to be written. */
function gatherTwo(write: usize, at: usize, bytes: u32): usize {
  gather(write, 0, write + D_VNET, VNET_BYTES);
  gather(write, 1, at, bytes);
  store<u32>(write, 2, D_IOVS);
  store<u32>(write, VNET_BYTES + bytes, D_LENGTH);
  return write + D_VNET;
}

/**
 * The same, in one piece where there is room in front of the frame: the first of a datagram has its VXLAN header there, which nobody
 * needs any more; in front of a later one are the last bytes of the frame before it.
 */
function gatherDecapsulated(write: usize): usize {
  if (load<u32>(block + W_RX_SEGMENT) != 0) return gatherTwo(write, frame, length);
  gather(write, 0, frame - VNET_BYTES, VNET_BYTES + length);
  store<u32>(write, 1, D_IOVS);
  store<u32>(write, VNET_BYTES + length, D_LENGTH);
  return frame - VNET_BYTES;
}

/** False, and counted, when the port does not take frames of this network now. */
function isOpen(network: u32, port: u32): bool {
  if (portIsUp(port) && portNetwork(port) == network) return true;
  drop(network, DROP_PORT_DOWN, segments);
  return false;
}

/** Port to port: the frame just parsed, with the virtio-net header right before it, as it came. The caller has checked for room. */
export function deliverAsRead(network: u32, port: u32): void {
  if (!isOpen(network, port)) return;
  const write = openWrite(network, port, segments, wireBytes);
  gather(write, 0, frame - VNET_BYTES, VNET_BYTES + length);
  store<u32>(write, 1, D_IOVS);
  store<u32>(write, VNET_BYTES + length, D_LENGTH);
}

/** From the underlay: the frame just parsed, alone (`mayMerge` false: a replica) or in company. The caller has checked for room. */
export function deliverDecapsulated(network: u32, port: u32, mayMerge: bool): void {
  if (!isOpen(network, port)) return;
  const merging = mayMerge && hasPorts && !partial && segments == 1;
  const hash = merging || hasPorts ? flowHash() : 0;
  if (merging && tryMerge(hash, port, network)) return;
  const write = openWrite(network, port, segments, wireBytes);
  const vnet = gatherDecapsulated(write);
  if (merging) openMerge(hash, port, write);
  else if (hasPorts) closeMerge(hash);
  if (segments > 1) writeVnet(vnet, gsoType(), headerBytes, segmentPayload, csumStart, csumOffset);
  else if (partial) writeVnet(vnet, GSO_NONE, 0, 0, csumStart, csumOffset);
  else clearVnet(vnet);
}

/** Hands the frame built in replyBuffer() to a port. The caller has checked replyHasRoom(). */
export function deliverReply(network: u32, port: u32, bytes: u32): void {
  count(network, C_GENERATED, 1);
  const write = openWrite(network, port, 1, bytes);
  clearVnet(gatherTwo(write, replyBuffer(), bytes));
  store<u32>(block + W_REPLY_COUNT, load<u32>(block + W_REPLY_COUNT) + 1);
}
