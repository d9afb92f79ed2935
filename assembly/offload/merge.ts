// Merges consecutive segments of one flow into one write (what the kernel's GRO does: net/ipv4/tcp_offload.c, udp_offload.c), so that a
// container's stack is walked once for many wire frames. Payloads stay where they are: the write gathers them. A set of open merges is
// direct-mapped by flow; whatever else arrives for that flow's bucket closes the merge, so order within a flow holds.
//
// Merged frames go up with NEEDS_CSUM, which keeps the receiving stack from verifying; so both sides of every merge are verified here
// first, and a frame that fails passes unmerged and unchanged (design rule 6).

import { C_MERGED } from "../abi/counter";
import { FEATURE_USO, H_FEATURES, HEADER } from "../abi/layout";
import { MERGE_FRAMES_MAX, WRITE_IOVS_MAX } from "../abi/limits";
import { BUCKETS, D_FRAME_BYTES, D_FRAMES, D_IOV, D_IOVS, D_LENGTH, D_MERGE, IOV_BYTES, W_MERGE_BUCKETS } from "../abi/worker";
import { block } from "../ring/block";
import { count } from "../ring/counter";
import { adjust, fold, pseudo4, pseudo6, sum } from "../wire/checksum";
import { be16, ETH_BYTES, setBe16, TYPE_IPV4 } from "../wire/ethernet";
import {
  IPV4_BYTES,
  IPV4_CHECKSUM,
  IPV4_DF,
  IPV4_FRAGMENT,
  IPV4_ID,
  IPV4_TOTAL,
  ipv4FragmentField,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from "../wire/ipv4";
import { IPV6_BYTES, IPV6_PAYLOAD } from "../wire/ipv6";
import { TCP_ACK, TCP_BYTES, TCP_CHECKSUM, TCP_FLAGS, TCP_PSH, TCP_SEQUENCE, TCP_URGENT, tcpHeaderBytes } from "../wire/tcp";
import { UDP_BYTES, UDP_CHECKSUM, UDP_LENGTH } from "../wire/udp";
import { GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, writeVnet } from "../wire/virtio-net";
import { end, etherType, frame, hasPorts, l3, l4, length, protocol } from "./frame";
import { transportVerified } from "./segment";

// The head's state, in its write descriptor behind D_MERGE.
const M_FRAME: usize = D_MERGE;
const M_L3: usize = D_MERGE + 4;
const M_L4: usize = D_MERGE + 8;
const M_HEADER: usize = D_MERGE + 12;
const M_SEGMENT: usize = D_MERGE + 16;
const M_PAYLOAD: usize = D_MERGE + 20;
const M_KIND: usize = D_MERGE + 24;
const M_VERIFIED: usize = D_MERGE + 28;
const M_BUCKET: usize = D_MERGE + 32;

/** Largest IP packet. */
const IP_BYTES_MAX: u32 = 65535;

/** Headers of the frame in question, from its start to its payload. */
let header: u32 = 0;

/** Whether the frame just parsed may be a part of a merge at all; sets `header`. */
function eligible(): bool {
  if (!hasPorts || end != frame + length) return false;
  if (etherType == TYPE_IPV4) {
    // A frame whose header checksum is wrong will be refused by the container; it must not take others along.
    if (l4 != l3 + IPV4_BYTES || l3 != frame + ETH_BYTES || fold(sum(l3, IPV4_BYTES)) != 0xffff) return false;
  } else if (l4 != l3 + IPV6_BYTES || l3 != frame + ETH_BYTES) {
    return false;
  }
  if (protocol == PROTOCOL_TCP) {
    header = <u32>(l4 - frame) + tcpHeaderBytes(l4);
    return (<u32>load<u8>(l4, TCP_FLAGS) & ~TCP_PSH) == TCP_ACK && header < length;
  }
  header = <u32>(l4 - frame) + UDP_BYTES;
  if ((load<u32>(HEADER + H_FEATURES) & FEATURE_USO) == 0) return false;
  return load<u16>(l4, UDP_CHECKSUM) != 0 && be16(l4 + UDP_LENGTH) == <u32>(end - l4) && header < length;
}

function kindOf(): u32 {
  if (protocol == PROTOCOL_TCP) return etherType == TYPE_IPV4 ? GSO_TCPV4 : GSO_TCPV6;
  return GSO_UDP_L4;
}

/** Same MACs, addresses, TOS, TTL, flags, ports, and for TCP acknowledgement, window, options: everything but id, lengths, sequence, PSH. */
function sameFlow(head: usize): bool {
  const first = <usize>load<u32>(head, M_FRAME);
  if (load<u32>(head, M_KIND) != kindOf() || load<u32>(head, M_HEADER) != header) return false;
  if (load<u64>(first) != load<u64>(frame) || load<u64>(first, 6) != load<u64>(frame, 6)) return false;
  const ip = first + ETH_BYTES;
  if (etherType == TYPE_IPV4) {
    if (load<u16>(ip) != load<u16>(l3) || load<u16>(ip, 8) != load<u16>(l3, 8)) return false;
    if (load<u64>(ip, 12) != load<u64>(l3, 12)) return false;
    if (load<u16>(ip, IPV4_FRAGMENT) != load<u16>(l3, IPV4_FRAGMENT)) return false;
  } else {
    if (load<u32>(ip) != load<u32>(l3) || load<u16>(ip, 6) != load<u16>(l3, 6)) return false;
    if (!i8x16.all_true(i8x16.eq(v128.load(ip, 8), v128.load(l3, 8)))) return false;
    if (!i8x16.all_true(i8x16.eq(v128.load(ip, 24), v128.load(l3, 24)))) return false;
  }
  return sameTransport(first + (l4 - frame));
}

function sameTransport(first: usize): bool {
  if (load<u32>(first) != load<u32>(l4)) return false;
  if (protocol != PROTOCOL_TCP) return true;
  const but = ~((<u32>TCP_PSH) << 8);
  if (load<u16>(first, TCP_URGENT) != load<u16>(l4, TCP_URGENT)) return false;
  if (load<u32>(first, 8) != load<u32>(l4, 8) || ((load<u32>(first, 12) ^ load<u32>(l4, 12)) & but) != 0) return false;
  const stop = l4 + (header - <u32>(l4 - frame));
  for (let at = l4 + TCP_BYTES, twin = first + TCP_BYTES; at < stop; at += 4, twin += 4) {
    if (load<u32>(at) != load<u32>(twin)) return false;
  }
  return true;
}

/**
 * Whether the frame's id is the one that cutting the merge would give it. Behind DF ids say nothing (RFC 6864 section 4.1); without, a
 * container that passes packets on may fragment them, and what gets another's id would be reassembled with it.
 */
@inline
function isNextId(first: usize, frames: u32): bool {
  return (ipv4FragmentField(l3) & IPV4_DF) != 0 || be16(l3 + IPV4_ID) == ((be16(first + IPV4_ID) + frames) & 0xffff);
}

/** Whether the frame's payload fits behind the head's. */
function fits(head: usize, payload: u32): bool {
  const frames = load<u32>(head, D_FRAMES);
  const sofar = load<u32>(head, M_PAYLOAD);
  if (frames >= <u32>MERGE_FRAMES_MAX || load<u32>(head, D_IOVS) >= <u32>WRITE_IOVS_MAX) return false;
  if (payload > load<u32>(head, M_SEGMENT)) return false;
  if (load<u32>(head, M_HEADER) - ETH_BYTES + sofar + payload > IP_BYTES_MAX) return false;
  if (etherType == TYPE_IPV4 && !isNextId(<usize>load<u32>(head, M_L3), frames)) return false;
  if (protocol != PROTOCOL_TCP) return true;
  const first = <usize>load<u32>(head, M_L4);
  return bswap<u32>(load<u32>(l4, TCP_SEQUENCE)) == bswap<u32>(load<u32>(first, TCP_SEQUENCE)) + sofar;
}

/** The head's own checksum, looked at only when a second frame wants to join. */
function headVerified(head: usize): bool {
  if (load<u32>(head, M_VERIFIED)) return true;
  const at = <usize>load<u32>(head, M_L4);
  const ip = <usize>load<u32>(head, M_L3);
  const bytes = load<u32>(head, M_HEADER) - <u32>(at - <usize>load<u32>(head, M_FRAME)) + load<u32>(head, M_PAYLOAD);
  const proto: u32 = protocol;
  const pseudo = etherType == TYPE_IPV4 ? pseudo4(ip, proto, bytes) : pseudo6(ip, proto, bytes);
  if (fold(pseudo + sum(at, bytes)) != 0xffff) return false;
  store<u32>(head, 1, M_VERIFIED);
  return true;
}

@inline
function bucketOf(hash: u32): usize {
  return block + W_MERGE_BUCKETS + <usize>(hash & (BUCKETS - 1)) * 8;
}

/** Tries to put the frame just parsed behind an open merge to the same port. True = it is in; the caller adds nothing. */
export function tryMerge(hash: u32, port: u32, network: u32): bool {
  const bucket = bucketOf(hash);
  const head = <usize>load<u32>(bucket);
  if (head == 0) return false;
  if (load<u32>(bucket, 4) != port || !eligible() || !sameFlow(head)) {
    store<u32>(bucket, 0);
    return false;
  }
  const payload = length - header;
  if (!fits(head, payload) || !headVerified(head) || !transportVerified()) {
    store<u32>(bucket, 0);
    return false;
  }
  append(head, payload);
  count(network, C_MERGED, 1);
  const isLast = payload < load<u32>(head, M_SEGMENT) || (protocol == PROTOCOL_TCP && (<u32>load<u8>(l4, TCP_FLAGS) & TCP_PSH) != 0);
  if (isLast) store<u32>(bucket, 0);
  return true;
}

function append(head: usize, payload: u32): void {
  const iovs = load<u32>(head, D_IOVS);
  const iov = head + D_IOV + <usize>iovs * IOV_BYTES;
  store<u32>(iov, <u32>frame + header);
  store<u32>(iov, payload, 4);
  store<u32>(head, iovs + 1, D_IOVS);
  store<u32>(head, load<u32>(head, D_FRAMES) + 1, D_FRAMES);
  store<u32>(head, load<u32>(head, D_FRAME_BYTES) + length, D_FRAME_BYTES);
  store<u32>(head, load<u32>(head, D_LENGTH) + payload, D_LENGTH);
  store<u32>(head, load<u32>(head, M_PAYLOAD) + payload, M_PAYLOAD);
  if (protocol == PROTOCOL_TCP) {
    const first = <usize>load<u32>(head, M_L4);
    store<u8>(first, load<u8>(first, TCP_FLAGS) | (load<u8>(l4, TCP_FLAGS) & <u8>TCP_PSH), TCP_FLAGS);
  }
}

/** Whatever is open for this flow takes nothing more: a frame that can't be merged comes behind it. */
export function closeMerge(hash: u32): void {
  store<u32>(bucketOf(hash), 0);
}

/** A write descriptor is done with: nothing joins it any more. */
export function forgetMerge(head: usize): void {
  if (load<u32>(head, M_KIND) != 0) store<u32>(<usize>load<u32>(head, M_BUCKET), 0);
}

/** Marks a write descriptor as no merge. */
@inline
export function noMerge(write: usize): void {
  store<u32>(write, 0, M_KIND);
}

/** Opens a merge with the frame just parsed, whose write descriptor is `head`; closes the flow's bucket when it can't be a head. */
export function openMerge(hash: u32, port: u32, head: usize): void {
  const bucket = bucketOf(hash);
  store<u32>(bucket, 0);
  if (!eligible()) return;
  if (protocol == PROTOCOL_TCP && (<u32>load<u8>(l4, TCP_FLAGS) & TCP_PSH) != 0) return;
  store<u32>(head, <u32>frame, M_FRAME);
  store<u32>(head, <u32>l3, M_L3);
  store<u32>(head, <u32>l4, M_L4);
  store<u32>(head, header, M_HEADER);
  store<u32>(head, length - header, M_SEGMENT);
  store<u32>(head, length - header, M_PAYLOAD);
  store<u32>(head, kindOf(), M_KIND);
  store<u32>(head, 0, M_VERIFIED);
  store<u32>(head, <u32>bucket, M_BUCKET);
  store<u32>(bucket, <u32>head);
  store<u32>(bucket, port, 4);
}

/** Writes the lengths, the pseudo-header's sum and the virtio-net header of a merge; nothing for a frame that stayed alone. */
export function finishMerge(head: usize): void {
  if (load<u32>(head, M_KIND) == 0 || load<u32>(head, D_FRAMES) == 1) return;
  const kind = load<u32>(head, M_KIND);
  const first = <usize>load<u32>(head, M_FRAME);
  const ip = <usize>load<u32>(head, M_L3);
  const transport = <usize>load<u32>(head, M_L4);
  const bytes = load<u32>(head, M_HEADER) + load<u32>(head, M_PAYLOAD);
  const transportBytes = bytes - <u32>(transport - first);
  const isTcp = kind != GSO_UDP_L4;
  const isIpv4 = transport - ip == IPV4_BYTES;
  if (isIpv4) {
    const before = load<u16>(ip, IPV4_TOTAL);
    setBe16(ip + IPV4_TOTAL, bytes - ETH_BYTES);
    // Adjusted, not summed anew: a header checksum that was wrong stays wrong.
    store<u16>(ip, adjust(load<u16>(ip, IPV4_CHECKSUM), before, load<u16>(ip, IPV4_TOTAL)), IPV4_CHECKSUM);
  } else {
    setBe16(ip + IPV6_PAYLOAD, transportBytes);
  }
  if (!isTcp) setBe16(transport + UDP_LENGTH, transportBytes);
  const field = <u32>(isTcp ? TCP_CHECKSUM : UDP_CHECKSUM);
  const proto: u32 = isTcp ? PROTOCOL_TCP : PROTOCOL_UDP;
  const pseudo = isIpv4 ? pseudo4(ip, proto, transportBytes) : pseudo6(ip, proto, transportBytes);
  store<u16>(transport + field, fold(pseudo));
  writeVnet(<usize>load<u32>(head, D_IOV), kind, load<u32>(head, M_HEADER), load<u32>(head, M_SEGMENT), <u32>(transport - first), field);
}
