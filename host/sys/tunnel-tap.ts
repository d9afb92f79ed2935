// An underlay TAP: a way into the kernel's stack for encapsulated superframes (UDP tunnel GSO on TAPs: Linux 6.17). Only written to. It goes
// away with its descriptor. Works in the network namespace of the calling thread.

import * as k from "./constants.ts";
import { check, SysError } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { addressOf, errno, ioctl, open } from "./libc.ts";
import { TUN_DEVICE } from "./tap.ts";

export interface TunnelTap {
  fd: number;
  /** Interface name, given by the kernel. */
  name: string;
}

const NAME_PATTERN = "weftu%d";
/** struct virtio_net_hdr_v1_hash_tunnel (linux/virtio_net.h). */
const TUNNEL_HEADER_BYTES = 24;

/** Makes one. Throws SysError when the kernel does not know tunnel GSO (EINVAL), with nothing left. */
export function openTunnelTap(): TunnelTap {
  const fd = check(open(TUN_DEVICE, k.O_RDWR | k.O_NONBLOCK | k.O_CLOEXEC), "open", TUN_DEVICE);
  try {
    const request = new Uint8Array(new ArrayBuffer(128), 0, k.IFREQ_BYTES);
    request.set(Buffer.from(NAME_PATTERN));
    new DataView(request.buffer).setInt16(k.IFREQ_FLAGS, k.IFF_TAP | k.IFF_NO_PI | k.IFF_VNET_HDR, true);
    check(ioctl(fd, k.TUNSETIFF, addressOf(request.buffer)), "TUNSETIFF", NAME_PATTERN);
    const name = Buffer.from(request.subarray(0, request.indexOf(0))).toString();
    const size = new Int32Array(new ArrayBuffer(128), 0, 1);
    size[0] = TUNNEL_HEADER_BYTES;
    check(ioctl(fd, k.TUNSETVNETHDRSZ, addressOf(size.buffer)), "TUNSETVNETHDRSZ", name);
    const offloads = k.TUN_F_CSUM | k.TUN_F_TSO4 | k.TUN_F_TSO6 | k.TUN_F_USO4 | k.TUN_F_USO6;
    const tunnel = k.TUN_F_UDP_TUNNEL_GSO | k.TUN_F_UDP_TUNNEL_GSO_CSUM;
    if (ioctl(fd, k.TUNSETOFFLOAD, offloads | tunnel) === -1) throw new SysError("TUNSETOFFLOAD", `${name}, UDP tunnel GSO`, errno());
    return { fd, name };
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
