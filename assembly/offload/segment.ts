// Cuts a superframe into wire frames (what the kernel's GSO does: net/ipv4/tcp_offload.c, udp_offload.c). The headers' sums are taken
// once a superframe; each segment adds its id, sequence number, lengths and payload. Payload is copied and summed in one pass.
// IPv4 id + 1 each; FIN and PSH on the last segment alone, CWR on the first alone.
//
// The pseudo-header's sum is taken from the checksum field, where the kernel left it: behind a routing header the destination that counts is the
// last of the route (RFC 8200 section 8.1), not the one in the IPv6 header.

import { checksumOf, copySum, fold, pseudo4, pseudo6, sum } from "../wire/checksum";
import { be16, setBe16, TYPE_IPV4 } from "../wire/ethernet";
import { IPV4_CHECKSUM, IPV4_ID, IPV4_TOTAL, PROTOCOL_TCP } from "../wire/ipv4";
import { IPV6_ADDRESS_BYTES, IPV6_BYTES, IPV6_DESTINATION, IPV6_PAYLOAD } from "../wire/ipv6";
import { TCP_CHECKSUM, TCP_CWR, TCP_FIN, TCP_FLAGS, TCP_PSH, TCP_SEQUENCE } from "../wire/tcp";
import { UDP_BYTES, UDP_CHECKSUM, UDP_LENGTH } from "../wire/udp";
import { destination, end, etherType, frame, l3, l4, protocol } from "./frame";
import { headerBytes, pseudoInField, segmentPayload, segments } from "./superframe";

/** Sum of the IPv4 header without total length, id and checksum. */
let ipSum: u64 = 0;
let firstId: u32 = 0;
/** Sum of pseudo-header and transport header without what differs between segments. */
let transportSum: u64 = 0;
let firstSequence: u32 = 0;
let flags: u32 = 0;

/** Takes the sums of the superframe just parsed; call once before its segments. */
export function beginSegments(): void {
  const ipBytes = <u32>(l4 - l3);
  if (etherType == TYPE_IPV4) {
    firstId = be16(l3 + IPV4_ID);
    ipSum = sum(l3, ipBytes) - word(l3 + IPV4_TOTAL) - word(l3 + IPV4_ID) - word(l3 + IPV4_CHECKSUM);
  }
  transportSum = pseudoWithoutLength();
  if (protocol == PROTOCOL_TCP) {
    firstSequence = bswap<u32>(load<u32>(l4, TCP_SEQUENCE));
    flags = <u32>load<u8>(l4, TCP_FLAGS);
    // Word by word: a u32 taken off a sum of 16-bit words could leave less than nothing.
    transportSum += sum(l4, headerBytes - <u32>(l4 - frame)) - word(l4 + TCP_CHECKSUM);
    transportSum -= word(l4 + TCP_SEQUENCE) + word(l4 + TCP_SEQUENCE + 2);
    transportSum -= <u64>(flags << 8);
  } else {
    transportSum += <u64>load<u32>(l4);
  }
}

/** Sum of the pseudo-header but for the length, which differs between segments. Only who asked for no checksum has it summed anew. */
function pseudoWithoutLength(): u64 {
  if (!pseudoInField) return pseudoSum(0);
  // RFC 1624 equation 3: a word is taken off by adding its complement.
  const field = l4 + (protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
  return word(field) + <u64>(~bswap<u16>(<u16>(end - l4)) & 0xffff);
}

@inline
function word(at: usize): u64 {
  return <u64>load<u16>(at);
}

/** Payload bytes of segment `index`. */
@inline
export function segmentPayloadOf(index: u32): u32 {
  if (index + 1 < segments) return segmentPayload;
  return <u32>(end - frame) - headerBytes - index * segmentPayload;
}

/** Writes segment `index` to `to`; returns its bytes. May scribble up to 15 bytes behind the headers before the payload covers them. */
export function writeSegment(to: usize, index: u32): u32 {
  const payload = segmentPayloadOf(index);
  copyHeaders(to);
  const payloadSum = copySum(to + headerBytes, frame + headerBytes + <usize>index * segmentPayload, payload);
  const ip = to + (l3 - frame);
  const transport = to + (l4 - frame);
  const transportBytes = headerBytes - <u32>(l4 - frame) + payload;
  finishIp(ip, <u32>(l4 - l3) + transportBytes, index);
  const base = transportSum + payloadSum + <u64>bswap<u16>(<u16>transportBytes);
  if (protocol == PROTOCOL_TCP) finishTcp(transport, base, index);
  else finishUdp(transport, base, transportBytes);
  return headerBytes + payload;
}

function copyHeaders(to: usize): void {
  for (let i: usize = 0; i < headerBytes; i += 16) {
    v128.store(to + i, v128.load(frame + i));
  }
}

function finishIp(ip: usize, bytes: u32, index: u32): void {
  if (etherType != TYPE_IPV4) {
    setBe16(ip + IPV6_PAYLOAD, bytes - IPV6_BYTES);
    return;
  }
  setBe16(ip + IPV4_TOTAL, bytes);
  setBe16(ip + IPV4_ID, (firstId + index) & 0xffff);
  store<u16>(ip, checksumOf(ipSum + word(ip + IPV4_TOTAL) + word(ip + IPV4_ID)), IPV4_CHECKSUM);
}

function finishTcp(tcp: usize, base: u64, index: u32): void {
  store<u32>(tcp, bswap<u32>(firstSequence + index * segmentPayload), TCP_SEQUENCE);
  let own = flags;
  if (index > 0) own &= ~TCP_CWR;
  if (index + 1 < segments) own &= ~(TCP_FIN | TCP_PSH);
  store<u8>(tcp, own, TCP_FLAGS);
  store<u16>(tcp, checksumOf(base + <u64>load<u32>(tcp, TCP_SEQUENCE) + <u64>(own << 8)), TCP_CHECKSUM);
}

function finishUdp(udp: usize, base: u64, bytes: u32): void {
  setBe16(udp + UDP_LENGTH, bytes);
  const value = checksumOf(base + word(udp + UDP_LENGTH));
  store<u16>(udp, value == 0 ? 0xffff : value, UDP_CHECKSUM);
}

/** Finishes the partial checksum of one frame at `to` (a copy of the frame just parsed): the field holds the pseudo-header's sum. */
export function finishChecksum(to: usize, bytes: u32, start: u32, offset: u32): void {
  const value = checksumOf(sum(to + start, bytes - start));
  const isUdp = offset == <u32>UDP_CHECKSUM && start >= UDP_BYTES;
  store<u16>(to + start + offset, value == 0 && isUdp ? 0xffff : value);
}

/** True when the transport checksum of the frame just parsed is right (UDP without one counts as wrong: there is nothing to trust). */
export function transportVerified(): bool {
  const bytes = <u32>(end - l4);
  return fold(pseudoSum(bytes) + sum(l4, bytes)) == 0xffff;
}

/** True when the field holds the pseudo-header's sum alone: a Linux peer on a veth left it to the hardware (partial checksum). */
export function transportLeftPartial(): bool {
  const field = <u32>load<u16>(l4 + (protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM));
  return field == fold(pseudoSum(<u32>(end - l4)));
}

/** Leaves the transport checksum of the frame just parsed to whoever gets it: the field gets the pseudo-header's sum alone. */
export function leavePartial(): void {
  store<u16>(l4 + (protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM), fold(pseudoSum(<u32>(end - l4))));
}

function pseudoSum(bytes: u32): u64 {
  if (etherType == TYPE_IPV4) return pseudo4(l3, protocol, bytes);
  const own = l3 + IPV6_DESTINATION;
  const plain = pseudo6(l3, protocol, bytes);
  return destination == own ? plain : plain - sum(own, IPV6_ADDRESS_BYTES) + sum(destination, IPV6_ADDRESS_BYTES);
}
