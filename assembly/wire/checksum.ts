// The Internet checksum (RFC 1071). Sums are taken over little-endian words as they lie in memory: RFC 1071 section 2 (B) shows that the
// result, stored the same way, is right in either byte order. A sum is a u64 that has not been folded; fold() makes it 16 bits.
// 64 KiB of 0xff bytes add up to 2^31 in a lane, so 32-bit lanes cannot overflow on any frame.

/** Sum of `bytes` bytes at `at`; an odd last byte counts as the low byte of a word. */
export function sum(at: usize, bytes: u32): u64 {
  let lanes = i32x4.splat(0);
  const end = at + bytes;
  while (at + 64 <= end) {
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 16)));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 32)));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 48)));
    at += 64;
  }
  while (at + 16 <= end) {
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
    at += 16;
  }
  return total(lanes) + tail(at, end);
}

/** Copies and sums in one pass. The ranges must not overlap. */
export function copySum(to: usize, from: usize, bytes: u32): u64 {
  let lanes = i32x4.splat(0);
  const end = from + bytes;
  while (from + 64 <= end) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(a));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(b));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(c));
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(d));
    from += 64;
    to += 64;
  }
  while (from + 16 <= end) {
    const a = v128.load(from);
    v128.store(to, a);
    lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(a));
    from += 16;
    to += 16;
  }
  const rest = tail(from, end);
  while (from < end) {
    store<u8>(to++, load<u8>(from++));
  }
  return total(lanes) + rest;
}

@inline
function total(lanes: v128): u64 {
  return (
    <u64>(<u32>i32x4.extract_lane(lanes, 0)) +
    <u64>(<u32>i32x4.extract_lane(lanes, 1)) +
    <u64>(<u32>i32x4.extract_lane(lanes, 2)) +
    <u64>(<u32>i32x4.extract_lane(lanes, 3))
  );
}

function tail(at: usize, end: usize): u64 {
  let result: u64 = 0;
  while (at + 4 <= end) {
    result += <u64>load<u32>(at);
    at += 4;
  }
  if (at + 2 <= end) {
    result += <u64>load<u16>(at);
    at += 2;
  }
  if (at < end) result += <u64>load<u8>(at);
  return result;
}

/** To 16 bits with end-around carry; not complemented. */
@inline
export function fold(value: u64): u32 {
  value = (value >> 32) + (value & 0xffffffff);
  value = (value >> 32) + (value & 0xffffffff);
  let word = <u32>value;
  word = (word >> 16) + (word & 0xffff);
  return (word >> 16) + (word & 0xffff);
}

/** What a header's checksum field gets. */
@inline
export function checksumOf(value: u64): u32 {
  return ~fold(value) & 0xffff;
}

/** A checksum field after one of its 16-bit words changed (RFC 1624 equation 3), all as they lie in memory. */
export function adjust(field: u32, before: u32, after: u32): u32 {
  return checksumOf(<u64>(~field & 0xffff) + <u64>(~before & 0xffff) + <u64>after);
}

/** Pseudo-header of IPv4 (RFC 9293 section 3.1): addresses, protocol, transport length. */
@inline
export function pseudo4(ip: usize, protocol: u32, bytes: u32): u64 {
  return <u64>load<u32>(ip, 12) + <u64>load<u32>(ip, 16) + <u64>(protocol << 8) + <u64>bswap<u16>(<u16>bytes);
}

/** Pseudo-header of IPv6 (RFC 8200 section 8.1). */
@inline
export function pseudo6(ip: usize, protocol: u32, bytes: u32): u64 {
  return (
    <u64>load<u32>(ip, 8) +
    <u64>load<u32>(ip, 12) +
    <u64>load<u32>(ip, 16) +
    <u64>load<u32>(ip, 20) +
    <u64>load<u32>(ip, 24) +
    <u64>load<u32>(ip, 28) +
    <u64>load<u32>(ip, 32) +
    <u64>load<u32>(ip, 36) +
    <u64>(protocol << 8) +
    <u64>bswap<u16>(<u16>bytes)
  );
}
