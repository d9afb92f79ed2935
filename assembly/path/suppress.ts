// ARP and ND suppression: a request from a local port is answered here when both the target's MAC and its place are known, as the Linux
// bridge does with neigh_suppress (net/bridge/br_arp_nd_proxy.c); everything else is forwarded. Only broadcast requests and multicast
// solicitations are answered; never an unspecified sender, gratuitous ARP or duplicate address detection (design rule 11).

import { end, etherType, fragment, frame, l3, l4, protocol, tagged } from "../offload/frame";
import { transportVerified } from "../offload/segment";
import { partial } from "../offload/superframe";
import { addressFind, addressValue, mappedHigh } from "../table/address";
import { fdbFind } from "../table/fdb";
import {
  ARP_BYTES,
  ARP_ETHERNET_IPV4,
  ARP_OPERATION,
  ARP_REPLY,
  ARP_SENDER_IP,
  ARP_SENDER_MAC,
  ARP_TARGET_IP,
  ARP_TARGET_MAC,
  isArpRequest,
} from "../wire/arp";
import { checksumOf, pseudo6, sum } from "../wire/checksum";
import {
  ETH_BYTES,
  ethDestination,
  ethSource,
  isGroup,
  MAC_BROADCAST,
  setBe16,
  TYPE_ARP,
  TYPE_IPV6,
  writeEthernet,
} from "../wire/ethernet";
import { ICMP_CHECKSUM, ICMP_CODE } from "../wire/icmp";
import { ipv4IsHost, PROTOCOL_ICMPV6 } from "../wire/ipv4";
import { IPV6_BYTES, IPV6_DESTINATION, IPV6_HOPS, IPV6_NEXT, IPV6_PAYLOAD, IPV6_SOURCE, isMulticast6, isUnspecified6 } from "../wire/ipv6";
import {
  ND_ADVERTISEMENT,
  ND_ADVERTISEMENT_BYTES,
  ND_BYTES,
  ND_HOP_LIMIT,
  ND_OPTION_TARGET_MAC,
  ND_OPTIONS,
  ND_SOLICITATION,
  ND_SOLICITED_OVERRIDE,
  ND_TARGET,
  ndOptionsValid,
} from "../wire/nd";
import { replyBuffer } from "./deliver";

/** The owner's MAC when both it and its place are known and it is not the asker's own; else 0. */
function ownerOf(network: u32, low: u64, high: u64): u64 {
  const found = addressFind(network, low, high);
  if (found == 0) return 0;
  const mac = addressValue(found);
  return mac == ethSource(frame) || fdbFind(network, mac) == 0 ? 0 : mac;
}

/** The MAC to answer the frame just parsed with, or 0: forward it. */
export function answerFor(network: u32): u64 {
  if (tagged) return 0;
  if (etherType == TYPE_ARP) return answerForArp(network);
  return etherType == TYPE_IPV6 && protocol == PROTOCOL_ICMPV6 ? answerForNd(network) : 0;
}

function answerForArp(network: u32): u64 {
  if (end < l3 + ARP_BYTES || ethDestination(frame) != MAC_BROADCAST || !isArpRequest(l3)) return 0;
  const sender = load<u32>(l3, ARP_SENDER_IP);
  const target = load<u32>(l3, ARP_TARGET_IP);
  if (sender == 0 || sender == target || !ipv4IsHost(target)) return 0;
  return ownerOf(network, 0, mappedHigh(target));
}

function answerForNd(network: u32): u64 {
  if (fragment || l4 != l3 + IPV6_BYTES || end < l4 + ND_BYTES) return 0;
  if (<u32>load<u8>(l4) != ND_SOLICITATION || load<u8>(l4, ICMP_CODE) != 0 || <u32>load<u8>(l3, IPV6_HOPS) != ND_HOP_LIMIT) return 0;
  if (!isGroup(ethDestination(frame)) || !isMulticast6(l3 + IPV6_DESTINATION) || isUnspecified6(l3 + IPV6_SOURCE)) return 0;
  if (isMulticast6(l4 + ND_TARGET) || !ndOptionsValid(l4 + ND_OPTIONS, end)) return 0;
  if (!partial && !transportVerified()) return 0;
  return ownerOf(network, load<u64>(l4, ND_TARGET), load<u64>(l4, ND_TARGET + 8));
}

/** Builds the answer to the frame just parsed in the reply buffer; returns its bytes. */
export function writeAnswer(mac: u64): u32 {
  const to = replyBuffer();
  writeEthernet(to, ethSource(frame), mac, etherType);
  return ETH_BYTES + (etherType == TYPE_ARP ? writeArpReply(to + ETH_BYTES, mac) : writeAdvertisement(to + ETH_BYTES, mac));
}

@inline
function writeMac(at: usize, mac: u64): void {
  store<u32>(at, bswap<u32>(<u32>(mac >> 16)));
  store<u16>(at, bswap<u16>(<u16>mac), 4);
}

function writeArpReply(arp: usize, mac: u64): u32 {
  store<u64>(arp, ARP_ETHERNET_IPV4);
  setBe16(arp + ARP_OPERATION, ARP_REPLY);
  writeMac(arp + ARP_SENDER_MAC, mac);
  store<u32>(arp, load<u32>(l3, ARP_TARGET_IP), ARP_SENDER_IP);
  memory.copy(arp + ARP_TARGET_MAC, l3 + ARP_SENDER_MAC, 10);
  return ARP_BYTES;
}

function writeAdvertisement(ip: usize, mac: u64): u32 {
  store<u32>(ip, 0x60);
  setBe16(ip + IPV6_PAYLOAD, ND_ADVERTISEMENT_BYTES);
  store<u8>(ip, PROTOCOL_ICMPV6, IPV6_NEXT);
  store<u8>(ip, ND_HOP_LIMIT, IPV6_HOPS);
  v128.store(ip + IPV6_SOURCE, v128.load(l4 + ND_TARGET));
  v128.store(ip + IPV6_DESTINATION, v128.load(l3 + IPV6_SOURCE));
  const nd = ip + IPV6_BYTES;
  store<u64>(nd, ((<u64>ND_SOLICITED_OVERRIDE) << 32) | <u64>ND_ADVERTISEMENT);
  v128.store(nd + ND_TARGET, v128.load(l4 + ND_TARGET));
  store<u8>(nd, ND_OPTION_TARGET_MAC, ND_OPTIONS);
  store<u8>(nd, 1, ND_OPTIONS + 1);
  writeMac(nd + ND_OPTIONS + 2, mac);
  const bytes = ND_ADVERTISEMENT_BYTES;
  store<u16>(nd, checksumOf(pseudo6(ip, PROTOCOL_ICMPV6, bytes) + sum(nd, bytes)), ICMP_CHECKSUM);
  return IPV6_BYTES + bytes;
}
