// Encapsulation: appends the frame just parsed to an open send. A send is one UDP_SEGMENT datagram train from one socket to one VTEP,
// contiguous in the packed arena: VXLAN header and frame, once a segment, all of one length but the last. Open sends are found in a
// direct-mapped set; what does not fit the one in its bucket closes it. Descriptors are sent in the order in which they were opened, so order within a
// flow holds (design rule 4).

import { TX_BUFFER_BYTES, TX_MAX, TX_SEGMENTS_MAX, TX_SOCKETS, TX_TRAIN_BYTES_MAX } from "../abi/limits";
import { N_VNI } from "../abi/network";
import {
  BUCKETS,
  T_BUCKET,
  T_CLOSED,
  T_DROPPED,
  T_FRAME_BYTES,
  T_INJECTED,
  T_LENGTH,
  T_NETWORK,
  T_OFFSET,
  T_SEGMENT_BYTES,
  T_SEGMENTS,
  T_SOCKET,
  T_TOS,
  T_TTL,
  T_VTEP,
  TX_BYTES,
  W_TX,
  W_TX_BUCKETS,
  W_TX_BUFFER,
  W_TX_COUNT,
} from "../abi/worker";
import { frame, length } from "../offload/frame";
import { beginSegments, finishChecksum, segmentPayloadOf, writeSegment } from "../offload/segment";
import { csumOffset, csumStart, headerBytes, partial, segmentPayload, segments, wireBytes } from "../offload/superframe";
import { block } from "../ring/block";
import { networkAt } from "../table/network";
import { VXLAN_BYTES, vxlanHeader } from "../wire/vxlan";
import { isLone } from "./cursor";
import { flowHash } from "./flow";
import { inject, mayInject, mayInjectLone } from "./inject";
import { outerTos, outerTtl } from "./outer";

let network: u32 = 0;
let vtep: u32 = 0;
let socket: u32 = 0;
let tos: u32 = 0;
let ttl: u32 = 0;
let bucket: usize = 0;

/** Bytes that the largest segment of the frame just parsed takes in a send. */
@inline
function segmentBytes(): u32 {
  return VXLAN_BYTES + (segments > 1 ? headerBytes + segmentPayload : length);
}

/** Sends that the frame just parsed may need, at worst. */
function sendsNeeded(): u32 {
  if (segments == 1) return 1;
  // A segment larger than a send does not get past the MTU, but this is asked first.
  const each = max<u32>(1, min<u32>(TX_SEGMENTS_MAX, TX_TRAIN_BYTES_MAX / segmentBytes()));
  return 1 + (segments + each - 1) / each;
}

/** Whether there is room to send the frame just parsed now; when not, the host must send what waits first. */
export function sendHasRoom(): bool {
  return load<u32>(block + W_TX_COUNT) + sendsNeeded() <= <u32>TX_MAX;
}

/**
 * Appends the frame just parsed, all its segments, to the sends for `to`. The caller has checked sendHasRoom() and the MTU. `alone`: it goes
 * nowhere else, so that its buffer may be written to.
 */
export function send(onNetwork: u32, to: u32, alone: bool): void {
  network = onNetwork;
  vtep = to;
  socket = flowHash() & (TX_SOCKETS - 1);
  tos = outerTos(network);
  ttl = outerTtl(network);
  bucket = block + W_TX_BUCKETS + <usize>((vtep * 61 + network * 17 + socket) & (BUCKETS - 1)) * 8;
  const header = vxlanHeader(load<u32>(networkAt(network) + N_VNI));
  if (segments > 1 && alone && mayInject(network, to)) {
    sendWhole(header);
    return;
  }
  if (segments == 1 && alone && isLone() && mayInjectLone(to)) {
    if (partial) finishChecksum(frame, length, csumStart, csumOffset);
    sendWhole(header);
    return;
  }
  if (segments > 1) {
    beginSegments();
    for (let i: u32 = 0; i < segments; i++) {
      const at = place(VXLAN_BYTES + headerBytes + segmentPayloadOf(i));
      store<u64>(at, header);
      writeSegment(at + VXLAN_BYTES, i);
    }
    return;
  }
  const at = place(VXLAN_BYTES + length);
  store<u64>(at, header);
  memory.copy(at + VXLAN_BYTES, frame, length);
  if (partial) finishChecksum(at + VXLAN_BYTES, length, csumStart, csumOffset);
}

/** The frame as one injected send; what follows it on this socket comes behind it. */
function sendWhole(header: u64): void {
  store<u32>(bucket, 0);
  const open = openSend(segmentBytes());
  const at = inject(vtep, header, socket, tos, ttl);
  store<u32>(open, <u32>at, T_OFFSET);
  store<u32>(open, <u32>(frame + length - at), T_LENGTH);
  store<u32>(open, segments, T_SEGMENTS);
  store<u32>(open, wireBytes, T_FRAME_BYTES);
  store<u32>(open, 1, T_INJECTED);
}

/** Room for one segment of `bytes` in the open send, or in a new one. */
function place(bytes: u32): usize {
  let open = <usize>load<u32>(bucket);
  if (open == 0 || !accepts(open, bytes)) {
    open = openSend(bytes);
    store<u32>(bucket, <u32>open);
  }
  const used = load<u32>(open, T_LENGTH);
  store<u32>(open, used + bytes, T_LENGTH);
  store<u32>(open, load<u32>(open, T_SEGMENTS) + 1, T_SEGMENTS);
  store<u32>(open, load<u32>(open, T_FRAME_BYTES) + bytes - VXLAN_BYTES, T_FRAME_BYTES);
  if (bytes < load<u32>(open, T_SEGMENT_BYTES)) store<u32>(open, 1, T_CLOSED);
  return <usize>load<u32>(open, T_OFFSET) + used;
}

function accepts(open: usize, bytes: u32): bool {
  return (
    load<u32>(open, T_CLOSED) == 0 &&
    load<u32>(open, T_VTEP) == vtep &&
    load<u32>(open, T_NETWORK) == network &&
    load<u32>(open, T_SOCKET) == socket &&
    load<u32>(open, T_TOS) == tos &&
    load<u32>(open, T_TTL) == ttl &&
    bytes <= load<u32>(open, T_SEGMENT_BYTES) &&
    load<u32>(open, T_SEGMENTS) < <u32>TX_SEGMENTS_MAX &&
    load<u32>(open, T_LENGTH) + bytes <= <u32>TX_TRAIN_BYTES_MAX
  );
}

function openSend(bytes: u32): usize {
  const index = load<u32>(block + W_TX_COUNT);
  store<u32>(block + W_TX_COUNT, index + 1);
  const open = block + W_TX + <usize>index * TX_BYTES;
  store<u32>(open, <u32>(block + W_TX_BUFFER) + index * TX_BUFFER_BYTES, T_OFFSET);
  store<u32>(open, 0, T_LENGTH);
  store<u32>(open, bytes, T_SEGMENT_BYTES);
  store<u32>(open, 0, T_SEGMENTS);
  store<u32>(open, <u32>bucket, T_BUCKET);
  store<u32>(open, vtep, T_VTEP);
  store<u32>(open, socket, T_SOCKET);
  store<u32>(open, tos, T_TOS);
  store<u32>(open, ttl, T_TTL);
  store<u32>(open, network, T_NETWORK);
  store<u32>(open, 0, T_CLOSED);
  store<u32>(open, 0, T_DROPPED);
  store<u32>(open, 0, T_INJECTED);
  store<u32>(open, 0, T_FRAME_BYTES);
  return open;
}
