// Builds frames byte by byte, the obvious way, with every checksum in place.

import { parseIp } from "../../host/model/ip.ts";
import { macToBytes } from "../../host/model/mac.ts";
import { internetChecksum, pseudoHeader, sum16 } from "./checksum.ts";
import { lastHop } from "./route.ts";

export const TCP = 6;
export const UDP = 17;
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;
export const ECE = 64;
export const CWR = 128;

export function join(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function u16(bytes: Uint8Array, at: number): number {
  return bytes[at] * 256 + bytes[at + 1];
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 255;
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65536 + u16(bytes, at + 2);
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  setU16(bytes, at, Math.floor(value / 65536) % 65536);
  setU16(bytes, at + 2, value % 65536);
}

/** 4 or 16 bytes. */
export function ipBytes(text: string): Uint8Array {
  return text.includes(":") ? parseIp(text) : Uint8Array.from(text.split(".").map(Number));
}

export interface Ethernet {
  to: number;
  from: number;
  /** 802.1Q tag control information; absent = no tag. */
  tci?: number;
}

export function ethernet({ to, from, tci }: Ethernet, type: number, payload: Uint8Array): Uint8Array {
  const tag = tci === undefined ? [] : [0x81, 0x00, tci >> 8, tci & 255];
  return join(macToBytes(to), macToBytes(from), Uint8Array.from(tag), Uint8Array.of(type >> 8, type & 255), payload);
}

export interface Ip {
  source: string;
  destination: string;
  tos?: number;
  ttl?: number;
  /** IPv4. */
  id?: number;
  /** IPv4: flags and fragment offset; default DF. */
  fragment?: number;
  /** IPv4: a multiple of 4 bytes. */
  options?: Uint8Array;
  /** IPv6: `[type, bytes]`: a multiple of 8 bytes, the first of which is overwritten with the next header. */
  extensions?: [type: number, bytes: Uint8Array][];
  /** IPv6. */
  flowLabel?: number;
}

export function ip(header: Ip, protocol: number, payload: Uint8Array): Uint8Array {
  return header.source.includes(":") ? ipv6(header, protocol, payload) : ipv4(header, protocol, payload);
}

function ipv4(header: Ip, protocol: number, payload: Uint8Array): Uint8Array {
  const options = header.options ?? new Uint8Array(0);
  const bytes = new Uint8Array(20 + options.length);
  bytes[0] = 0x40 | (bytes.length / 4);
  bytes[1] = header.tos ?? 0;
  setU16(bytes, 2, bytes.length + payload.length);
  setU16(bytes, 4, header.id ?? 0);
  setU16(bytes, 6, header.fragment ?? 0x4000);
  bytes[8] = header.ttl ?? 64;
  bytes[9] = protocol;
  bytes.set(ipBytes(header.source), 12);
  bytes.set(ipBytes(header.destination), 16);
  bytes.set(options, 20);
  setU16(bytes, 10, internetChecksum(bytes));
  return join(bytes, payload);
}

function ipv6(header: Ip, protocol: number, payload: Uint8Array): Uint8Array {
  const chain = (header.extensions ?? []).map(([type, bytes]) => ({ type, bytes: bytes.slice() }));
  chain.forEach(({ bytes }, i) => {
    bytes[0] = i + 1 < chain.length ? chain[i + 1].type : protocol;
  });
  const rest = join(...chain.map(({ bytes }) => bytes), payload);
  const bytes = new Uint8Array(40);
  setU32(bytes, 0, 0x60000000 + (header.tos ?? 0) * 2 ** 20 + (header.flowLabel ?? 0));
  setU16(bytes, 4, rest.length);
  bytes[6] = chain.length > 0 ? chain[0].type : protocol;
  bytes[7] = header.ttl ?? 64;
  bytes.set(ipBytes(header.source), 8);
  bytes.set(ipBytes(header.destination), 24);
  return join(bytes, rest);
}

/** How the transport checksum is: right, left to the hardware (pseudo-header's sum), wrong, or (UDP) none. */
export type Sum = "full" | "partial" | "wrong" | "none";

function checksum(segment: Uint8Array, at: number, header: Ip, protocol: number, how: Sum): void {
  const destination = (header.extensions ?? [])
    .filter(([type]) => type === 43)
    .reduce((address, [, bytes]) => lastHop(bytes, address), ipBytes(header.destination));
  const pseudo = sum16(pseudoHeader(ipBytes(header.source), destination, protocol, segment.length));
  setU16(segment, at, 0);
  let value = internetChecksum(segment, pseudo);
  if (protocol === UDP && value === 0) value = 0xffff;
  if (how === "partial") value = pseudo;
  if (how === "wrong") value = (value + 0x1234) % 65535 || 1;
  setU16(segment, at, how === "none" ? 0 : value);
}

export interface Tcp {
  from: number;
  to: number;
  sequence: number;
  acknowledgement?: number;
  flags?: number;
  window?: number;
  urgent?: number;
  /** A multiple of 4 bytes. */
  options?: Uint8Array;
  sum?: Sum;
}

export function tcp(header: Ip, segment: Tcp, payload: Uint8Array): Uint8Array {
  const options = segment.options ?? new Uint8Array(0);
  const bytes = join(new Uint8Array(20), options, payload);
  setU16(bytes, 0, segment.from);
  setU16(bytes, 2, segment.to);
  setU32(bytes, 4, segment.sequence);
  setU32(bytes, 8, segment.acknowledgement ?? 1);
  bytes[12] = ((20 + options.length) / 4) << 4;
  bytes[13] = segment.flags ?? ACK;
  setU16(bytes, 14, segment.window ?? 501);
  setU16(bytes, 18, segment.urgent ?? 0);
  checksum(bytes, 16, header, TCP, segment.sum ?? "full");
  return bytes;
}

export interface Udp {
  from: number;
  to: number;
  sum?: Sum;
}

export function udp(header: Ip, datagram: Udp, payload: Uint8Array): Uint8Array {
  const bytes = join(new Uint8Array(8), payload);
  setU16(bytes, 0, datagram.from);
  setU16(bytes, 2, datagram.to);
  setU16(bytes, 4, bytes.length);
  checksum(bytes, 6, header, UDP, datagram.sum ?? "full");
  return bytes;
}

/** Whole frames. */
export function tcpFrame(link: Ethernet, header: Ip, segment: Tcp, payload: Uint8Array): Uint8Array {
  return ethernet(link, header.source.includes(":") ? 0x86dd : 0x0800, ip(header, TCP, tcp(header, segment, payload)));
}

export function udpFrame(link: Ethernet, header: Ip, datagram: Udp, payload: Uint8Array): Uint8Array {
  return ethernet(link, header.source.includes(":") ? 0x86dd : 0x0800, ip(header, UDP, udp(header, datagram, payload)));
}

export interface Arp {
  operation: number;
  senderMac: number;
  senderIp: string;
  targetMac?: number;
  targetIp: string;
}

export function arpFrame(link: Ethernet, arp: Arp): Uint8Array {
  const body = join(
    Uint8Array.of(0, 1, 8, 0, 6, 4, 0, arp.operation),
    macToBytes(arp.senderMac),
    ipBytes(arp.senderIp),
    macToBytes(arp.targetMac ?? 0),
    ipBytes(arp.targetIp),
  );
  return ethernet(link, 0x0806, body);
}

/** An ICMPv6 message with its checksum. */
export function icmpv6Frame(link: Ethernet, header: Ip, message: Uint8Array): Uint8Array {
  const bytes = message.slice();
  setU16(bytes, 2, 0);
  const pseudo = sum16(pseudoHeader(ipBytes(header.source), ipBytes(header.destination), 58, bytes.length));
  setU16(bytes, 2, internetChecksum(bytes, pseudo));
  return ethernet(link, 0x86dd, ip(header, 58, bytes));
}

/** An ICMP message with its checksum. */
export function icmpFrame(link: Ethernet, header: Ip, message: Uint8Array): Uint8Array {
  const bytes = message.slice();
  setU16(bytes, 2, 0);
  setU16(bytes, 2, internetChecksum(bytes));
  return ethernet(link, 0x0800, ip(header, 1, bytes));
}

/** A VXLAN packet (RFC 7348 section 5). */
export function vxlan(vni: number, frame: Uint8Array, flags = 0x08): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = flags;
  setU32(header, 4, vni * 256);
  return join(header, frame);
}
