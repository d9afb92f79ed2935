// TAP devices (linux/if_tun.h, Documentation/networking/tuntap.rst). A device is multi-queue with one queue attached and, once it is set up,
// persistent, so that it outlives this process and a successor can attach (design rule 1). TUNSETSNDBUF is never called: it would turn off the kernel's
// fast path of writes (drivers/net/tun.c, tun_can_build_skb).
//
// Each function works in the network namespace of the calling thread: host/sys/netns-thread.ts calls them for another one.

import * as k from "./constants.ts";
import { check, SysError } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { addressOf, close, errno, ioctl, open } from "./libc.ts";

export const TUN_DEVICE = "/dev/net/tun";

/** What the kernel may hand over unfinished: `uso` needs Linux 6.2. */
export interface TapOffloads {
  /** Checksums, TCP segmentation for IPv4 and IPv6. */
  tso: boolean;
  /** UDP segmentation for IPv4 and IPv6. */
  uso: boolean;
}

export interface Tap {
  fd: number;
  offloads: TapOffloads;
}

/**
 * Creates or attaches to the TAP `name`: non-blocking, with a 10-byte virtio-net header. A new one goes away with its fd until keepTap.
 * Throws SysError, with nothing open.
 */
export function openTap(name: string): Tap {
  const fd = attach(name);
  try {
    integerOption(fd, k.TUNSETVNETHDRSZ, k.VNET_HEADER_BYTES, `TUNSETVNETHDRSZ ${name}`);
    return { fd, offloads: setOffloads(fd, name) };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Makes the device behind `fd` stay when nobody has it open, with its addresses, routes and offloads. Throws SysError. */
export function keepTap(fd: number): void {
  check(ioctl(fd, k.TUNSETPERSIST, 1), "ioctl", "TUNSETPERSIST 1");
}

/** What the device behind `fd` is called now: in its namespace it may have been given another name. undefined when it is gone. */
export function tapName(fd: number): string | undefined {
  const request = new Uint8Array(new ArrayBuffer(128), 0, k.IFREQ_BYTES);
  if (ioctl(fd, k.TUNGETIFF, addressOf(request.buffer)) !== 0) return undefined;
  return Buffer.from(request.subarray(0, request.indexOf(0))).toString();
}

/** Closes `fd` and lets its device go: at once, or with the last other queue that some program has open. Throws SysError. */
export function deleteTap(fd: number): void {
  try {
    check(ioctl(fd, k.TUNSETPERSIST, 0), "ioctl", "TUNSETPERSIST 0");
  } finally {
    closeFd(fd);
  }
}

/** Opens the device and makes or joins the interface `name`. */
function attach(name: string): number {
  const label = Buffer.from(name, "utf8");
  if (label.length === 0 || label.length >= k.IFNAMSIZ) {
    throw new RangeError(`${JSON.stringify(name)} is no interface name: 1 to ${k.IFNAMSIZ - 1} bytes`);
  }
  const fd = check(open(TUN_DEVICE, k.O_RDWR | k.O_NONBLOCK | k.O_CLOEXEC), "open", TUN_DEVICE);
  const request = new Uint8Array(new ArrayBuffer(128), 0, k.IFREQ_BYTES);
  request.set(label);
  new DataView(request.buffer).setInt16(k.IFREQ_FLAGS, k.IFF_TAP | k.IFF_NO_PI | k.IFF_VNET_HDR | k.IFF_MULTI_QUEUE, true);
  if (ioctl(fd, k.TUNSETIFF, addressOf(request.buffer)) === 0) return fd;
  const why = errno();
  close(fd);
  throw refused(name, why);
}

function refused(name: string, why: number): SysError {
  const hint = new Map([
    [k.EINVAL, ", an interface of this name exists that is no multi-queue TAP"],
    [k.EBUSY, ", an interface of this name exists that another program holds"],
    [k.EPERM, ", CAP_NET_ADMIN is missing"],
  ]);
  return new SysError("TUNSETIFF", `${name}${hint.get(why) ?? ""}`, why);
}

function setOffloads(fd: number, name: string): TapOffloads {
  const tso = k.TUN_F_CSUM | k.TUN_F_TSO4 | k.TUN_F_TSO6;
  // The argument is the value, not a pointer.
  check(ioctl(fd, k.TUNSETOFFLOAD, tso), "ioctl", `TUNSETOFFLOAD ${name}`);
  const uso = ioctl(fd, k.TUNSETOFFLOAD, tso | k.TUN_F_USO4 | k.TUN_F_USO6) === 0;
  return { tso: true, uso };
}

function integerOption(fd: number, request: number, value: number, what: string): void {
  const argument = new Int32Array(new ArrayBuffer(128), 0, 1);
  argument[0] = value;
  check(ioctl(fd, request, addressOf(argument.buffer)), "ioctl", what);
}
