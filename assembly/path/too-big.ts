// A frame that does not fit the path is answered with an ICMP error to its sender, as the kernel does for bridged traffic
// (skb_tunnel_check_pmtu in net/ipv4/ip_tunnel_core.c): fragmentation needed for IPv4 with DF alone in the fragment field, packet too big for
// IPv6, never in answer to an error, from or to anything but a host, and not more than ICMP_ERRORS_PER_TICK in a tick.

import { ICMP_ERRORS_PER_TICK } from "../abi/limits";
import { W_ICMP_COUNT, W_ICMP_TICK } from "../abi/worker";
import { end, etherType, fragment, frame, l3, l4, protocol, tagged } from "../offload/frame";
import { block, now } from "../ring/block";
import { checksumOf, pseudo6, sum } from "../wire/checksum";
import {
  be16,
  ETH_BYTES,
  ETH_TYPE,
  ethDestination,
  ethSource,
  isGroup,
  setBe16,
  TYPE_IPV4,
  TYPE_IPV6,
  writeEthernet,
} from "../wire/ethernet";
import {
  ICMP_BYTES,
  ICMP_CHECKSUM,
  ICMP_CODE,
  ICMP_FRAGMENTATION_NEEDED,
  ICMP_NEXT_MTU,
  ICMP_UNREACHABLE,
  ICMPV6_MTU,
  ICMPV6_PACKET_TOO_BIG,
  isIcmpError,
  isIcmpv6Error,
} from "../wire/icmp";
import {
  IPV4_BYTES,
  IPV4_CHECKSUM,
  IPV4_DESTINATION,
  IPV4_DF,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOTAL,
  IPV4_TTL,
  ipv4FragmentField,
  ipv4IsHost,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
} from "../wire/ipv4";
import {
  IPV6_BYTES,
  IPV6_DESTINATION,
  IPV6_HOPS,
  IPV6_NEXT,
  IPV6_PAYLOAD,
  IPV6_SOURCE,
  isLoopback6,
  isMulticast6,
  isUnspecified6,
} from "../wire/ipv6";
import { replyBuffer } from "./deliver";

/** RFC 1812 section 4.3.2.3: at least the header and 8 bytes, as much as fits in 576. */
const IPV4_ERROR_BYTES_MAX: u32 = 576;
/** RFC 4443 section 2.4 (c): as much as fits in the minimum MTU. */
const IPV6_ERROR_BYTES_MAX: u32 = 1280;
const IPV4_MTU_MIN: u32 = 576;
const IPV6_MTU_MIN: u32 = 1280;
const TTL: u32 = 64;

/** Whether the sender of the frame just parsed is to be told. */
export function mayTellTooBig(mtu: u32): bool {
  if (isGroup(ethDestination(frame)) || !(etherType == TYPE_IPV4 ? mayTell4(mtu) : etherType == TYPE_IPV6 && mayTell6(mtu))) return false;
  const tick = now();
  if (load<u32>(block + W_ICMP_TICK) != tick) {
    store<u32>(block + W_ICMP_TICK, tick);
    store<u32>(block + W_ICMP_COUNT, 0);
  }
  const made = load<u32>(block + W_ICMP_COUNT);
  if (made >= <u32>ICMP_ERRORS_PER_TICK) return false;
  store<u32>(block + W_ICMP_COUNT, made + 1);
  return true;
}

function mayTell4(mtu: u32): bool {
  if (mtu < IPV4_MTU_MIN || ipv4FragmentField(l3) != IPV4_DF) return false;
  if (!ipv4IsHost(load<u32>(l3, IPV4_SOURCE)) || !ipv4IsHost(load<u32>(l3, IPV4_DESTINATION))) return false;
  return protocol != PROTOCOL_ICMP || (l4 < end && !isIcmpError(<u32>load<u8>(l4)));
}

function mayTell6(mtu: u32): bool {
  if (mtu < IPV6_MTU_MIN || fragment) return false;
  const source = l3 + IPV6_SOURCE;
  if (isUnspecified6(source) || isMulticast6(source) || isLoopback6(source) || isMulticast6(l3 + IPV6_DESTINATION)) return false;
  return protocol != PROTOCOL_ICMPV6 || (l4 < end && !isIcmpv6Error(<u32>load<u8>(l4)));
}

/** Builds the error in the reply buffer; returns its bytes. */
export function writeTooBig(mtu: u32): u32 {
  const to = replyBuffer();
  const before = <u32>(l3 - frame);
  writeEthernet(to, ethSource(frame), ethDestination(frame), be16(frame + ETH_TYPE));
  // A tagged sender hears of it on its own VLAN.
  if (tagged) store<u32>(to + ETH_BYTES, load<u32>(frame + ETH_BYTES));
  return before + (etherType == TYPE_IPV4 ? write4(to + before, mtu) : write6(to + before, mtu));
}

function write4(ip: usize, mtu: u32): u32 {
  const quote = min<u32>(<u32>(end - l3), IPV4_ERROR_BYTES_MAX - IPV4_BYTES - ICMP_BYTES);
  const bytes = IPV4_BYTES + ICMP_BYTES + quote;
  store<u64>(ip, 0);
  store<u64>(ip, 0, 8);
  // Precedence "internetwork control", as RFC 1812 section 4.3.2.5 wants and the kernel does.
  store<u16>(ip, 0xc045);
  setBe16(ip + IPV4_TOTAL, bytes);
  store<u8>(ip, TTL, IPV4_TTL);
  store<u8>(ip, PROTOCOL_ICMP, IPV4_PROTOCOL);
  store<u32>(ip, load<u32>(l3, IPV4_DESTINATION), IPV4_SOURCE);
  store<u32>(ip, load<u32>(l3, IPV4_SOURCE), IPV4_DESTINATION);
  store<u16>(ip, checksumOf(sum(ip, IPV4_BYTES)), IPV4_CHECKSUM);
  const icmp = ip + IPV4_BYTES;
  store<u64>(icmp, 0);
  store<u8>(icmp, ICMP_UNREACHABLE);
  store<u8>(icmp, ICMP_FRAGMENTATION_NEEDED, ICMP_CODE);
  setBe16(icmp + ICMP_NEXT_MTU, mtu);
  memory.copy(icmp + ICMP_BYTES, l3, quote);
  store<u16>(icmp, checksumOf(sum(icmp, ICMP_BYTES + quote)), ICMP_CHECKSUM);
  return bytes;
}

function write6(ip: usize, mtu: u32): u32 {
  const quote = min<u32>(<u32>(end - l3), IPV6_ERROR_BYTES_MAX - IPV6_BYTES - ICMP_BYTES);
  const bytes = ICMP_BYTES + quote;
  store<u32>(ip, 0x60);
  setBe16(ip + IPV6_PAYLOAD, bytes);
  store<u8>(ip, PROTOCOL_ICMPV6, IPV6_NEXT);
  store<u8>(ip, TTL, IPV6_HOPS);
  v128.store(ip + IPV6_SOURCE, v128.load(l3 + IPV6_DESTINATION));
  v128.store(ip + IPV6_DESTINATION, v128.load(l3 + IPV6_SOURCE));
  const icmp = ip + IPV6_BYTES;
  store<u64>(icmp, <u64>ICMPV6_PACKET_TOO_BIG);
  store<u32>(icmp, bswap<u32>(mtu), ICMPV6_MTU);
  memory.copy(icmp + ICMP_BYTES, l3, quote);
  store<u16>(icmp, checksumOf(pseudo6(ip, PROTOCOL_ICMPV6, bytes) + sum(icmp, bytes)), ICMP_CHECKSUM);
  return IPV6_BYTES + bytes;
}
