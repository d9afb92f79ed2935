// The underlay's sockets, receiving and sending (design rules 4 and 5), and the path MTU to a VTEP. They are made in the network
// namespace of the calling thread and belong to the process. All are non-blocking and close on exec.

import { randomInt } from "node:crypto";
import { familyOf } from "../model/ip.ts";
import * as k from "./constants.ts";
import { check, SysError } from "./errno.ts";
import { bind, close, connect, errno, getsockname, getsockopt, send, setsockopt, socket } from "./libc.ts";
import { Scratch } from "./memory.ts";
import { addressFamily, endpointText, type Family, SOCKADDR_IN6_BYTES, sockaddr } from "./sockaddr.ts";

/** Asked for in each direction; the kernel doubles it for its own bookkeeping. */
export const SOCKET_BUFFER_BYTES = 8 * 1024 * 1024;
/** Within RFC 7348's range and above Linux's ephemeral default (32768–60999). */
export const SOURCE_PORT_MIN = 61000;
export const SOURCE_PORT_MAX = 65535;
const SOURCE_PORT_TRIES = 64;
/** What a sending socket is set to, so that a message with it needs no control message. */
export const DEFAULT_TTL = 64;
export const DEFAULT_TOS = 0;
const LOOPBACK = "127.0.0.1";

export interface ReceiverOptions {
  /** Own VTEP address; the wildcard would take other programs' traffic. */
  address: string;
  port: number;
  /** True for the first socket of this agent on this address and port, false for those that join it. */
  first: boolean;
  /** UDP_GRO, on by default. */
  gro?: boolean;
  /** Takes datagrams over IPv6 whose checksum is zero (RFC 6935), off by default. The kernel never merges those (udp_gro_receive_segment). */
  zeroChecksum6?: boolean;
}

/**
 * A receiving socket. The first is bound without SO_REUSEPORT, so that bind fails with EADDRINUSE whenever anyone holds the port, even
 * another agent whose own sockets have the option (udp_lib_lport_inuse compares both). It gets the option after bind, which lets ours
 * join; the first that joins makes the group (reuseport_add_sock). Throws SysError, with nothing open.
 */
export function openReceiver(options: ReceiverOptions): number {
  const { address, port, first, gro = true, zeroChecksum6 = false } = options;
  const family = familyOf(address);
  return opened(family, (fd) => {
    if (family === 6) set(fd, k.IPPROTO_IPV6, k.IPV6_V6ONLY, 1);
    if (!first) set(fd, k.SOL_SOCKET, k.SO_REUSEPORT, 1);
    // Before bind: nothing may arrive without its control messages.
    if (gro) set(fd, k.IPPROTO_UDP, k.UDP_GRO, 1);
    if (family === 6 && zeroChecksum6) set(fd, k.IPPROTO_UDP, k.UDP_NO_CHECK6_RX, 1);
    if (family === 4) set(fd, k.IPPROTO_IP, k.IP_RECVTOS, 1);
    else set(fd, k.IPPROTO_IPV6, k.IPV6_RECVTCLASS, 1);
    set(fd, k.SOL_SOCKET, k.SO_RXQ_OVFL, 1);
    setBuffer(fd, k.SO_RCVBUFFORCE, k.SO_RCVBUF);
    bindTo(fd, family, address, port);
    if (first) set(fd, k.SOL_SOCKET, k.SO_REUSEPORT, 1);
  });
}

/** A sending socket on a free port of its own. What is sent to that port is discarded. Throws SysError, with nothing open. */
export function openSender(options: { address: string }): number {
  const family = familyOf(options.address);
  return opened(family, (fd) => {
    discardInput(fd);
    setBuffer(fd, k.SO_SNDBUFFORCE, k.SO_SNDBUF);
    if (family === 4) {
      set(fd, k.IPPROTO_IP, k.IP_MTU_DISCOVER, k.IP_PMTUDISC_DO);
      set(fd, k.IPPROTO_IP, k.IP_TTL, DEFAULT_TTL);
      set(fd, k.IPPROTO_IP, k.IP_TOS, DEFAULT_TOS);
    } else {
      set(fd, k.IPPROTO_IPV6, k.IPV6_V6ONLY, 1);
      set(fd, k.IPPROTO_IPV6, k.IPV6_MTU_DISCOVER, k.IPV6_PMTUDISC_DO);
      set(fd, k.IPPROTO_IPV6, k.IPV6_UNICAST_HOPS, DEFAULT_TTL);
      set(fd, k.IPPROTO_IPV6, k.IPV6_TCLASS, DEFAULT_TOS);
    }
    bindToFreePort(fd, family, options.address);
  });
}

/** Two sockets of this host's loopback that speak with each other alone, a message a datagram. Throws SysError, with nothing open. */
export function openLoopbackPair(): [number, number] {
  const one = opened(4, (fd) => bindTo(fd, 4, LOOPBACK, 0));
  try {
    const other = opened(4, (fd) => connectTo(fd, localPort(one)));
    try {
      connectTo(one, localPort(other));
      return [one, other];
    } catch (error) {
      close(other);
      throw error;
    }
  } catch (error) {
    close(one);
    throw error;
  }
}

/** Sends a datagram on a connected socket; false: it had no room for it, or nobody listens. */
export function sendOn(fd: number, datagram: Uint8Array): boolean {
  return send(fd, datagram, datagram.length, k.MSG_DONTWAIT | k.MSG_NOSIGNAL) === datagram.length;
}

/** The port that a socket is bound to. Throws SysError. */
export function localPort(fd: number): number {
  const own = new Uint8Array(SOCKADDR_IN6_BYTES);
  check(getsockname(fd, own, Int32Array.of(own.length)), "getsockname", `fd ${fd}`);
  // sin_port and sin6_port stand at the same place, in network order.
  return (own[2] << 8) | own[3];
}

/** Bytes of the largest outer IP packet that the kernel believes the path takes. Throws SysError (ENETUNREACH: there is no route). */
export function pathMtu(localAddress: string, remoteAddress: string, port: number): number {
  const family = familyOf(localAddress);
  const place = endpointText(remoteAddress, port);
  let mtu = 0;
  const fd = opened(family, (fd) => {
    bindTo(fd, family, localAddress, 0);
    const target = sockaddr(family, remoteAddress, port);
    check(connect(fd, target, target.length), "connect", place);
    mtu = get(fd, family === 4 ? k.IPPROTO_IP : k.IPPROTO_IPV6, family === 4 ? k.IP_MTU : k.IPV6_MTU, 1)[0];
  });
  close(fd);
  return mtu;
}

/** Datagrams that the kernel has dropped at this socket since it was opened, u32: what SO_RXQ_OVFL will say with the next datagram. */
export function socketDrops(fd: number): number {
  return get(fd, k.SOL_SOCKET, k.SO_MEMINFO, k.SK_MEMINFO_WORDS)[k.SK_MEMINFO_DROPS] >>> 0;
}

/** Makes a socket and closes it again when setting it up fails. */
function opened(family: Family, setUp: (fd: number) => void): number {
  const type = k.SOCK_DGRAM | k.SOCK_NONBLOCK | k.SOCK_CLOEXEC;
  const fd = check(socket(addressFamily(family), type, 0), "socket", `UDP over IPv${family}`);
  try {
    setUp(fd);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function set(fd: number, level: number, name: number, value: number): void {
  check(setsockopt(fd, level, name, Int32Array.of(value), 4), "setsockopt", `level ${level} option ${name} = ${value}`);
}

function get(fd: number, level: number, name: number, words: number): Int32Array {
  const value = new Int32Array(words);
  check(getsockopt(fd, level, name, value, Int32Array.of(4 * words)), "getsockopt", `level ${level} option ${name}`);
  return value;
}

/** The forced option passes the host's limit (net.core.*mem_max) and needs CAP_NET_ADMIN; without it, the limit holds. */
function setBuffer(fd: number, forced: number, plain: number): void {
  if (setsockopt(fd, k.SOL_SOCKET, forced, Int32Array.of(SOCKET_BUFFER_BYTES), 4) === 0) return;
  if (errno() !== k.EPERM) check(-1, "setsockopt", "socket buffer");
  set(fd, k.SOL_SOCKET, plain, SOCKET_BUFFER_BYTES);
}

/** Set before bind: a classic BPF program that accepts 0 bytes of everything, and the smallest receive buffer. */
function discardInput(fd: number): void {
  const program = new Scratch(32);
  // struct sock_filter at 16: { code u16, jt u8, jf u8, k u32 }; struct sock_fprog at 0: { len u16, pad, filter pointer }.
  program.words[4] = k.BPF_RET_K;
  program.words[5] = 0;
  program.words[0] = 1;
  program.point(program.words, 2, 16);
  check(setsockopt(fd, k.SOL_SOCKET, k.SO_ATTACH_FILTER, program.bytes, 16), "setsockopt", "SO_ATTACH_FILTER");
  set(fd, k.SOL_SOCKET, k.SO_RCVBUF, 0);
}

function connectTo(fd: number, port: number): void {
  const target = sockaddr(4, LOOPBACK, port);
  check(connect(fd, target, target.length), "connect", endpointText(LOOPBACK, port));
}

function bindTo(fd: number, family: Family, address: string, port: number): void {
  const own = sockaddr(family, address, port);
  check(bind(fd, own, own.length), "bind", endpointText(address, port));
}

function bindToFreePort(fd: number, family: Family, address: string): void {
  for (let tries = 0; tries < SOURCE_PORT_TRIES; tries++) {
    const own = sockaddr(family, address, randomInt(SOURCE_PORT_MIN, SOURCE_PORT_MAX + 1));
    if (bind(fd, own, own.length) === 0) return;
    const why = errno();
    if (why !== k.EADDRINUSE) throw new SysError("bind", address, why);
  }
  const range = `${address} ports ${SOURCE_PORT_MIN}-${SOURCE_PORT_MAX}, ${SOURCE_PORT_TRIES} tried at random`;
  throw new SysError("bind", range, k.EADDRINUSE);
}
