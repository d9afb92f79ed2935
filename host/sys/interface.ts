// What an interface is like in the network namespace of the calling thread, without a process (netdevice(7), getifaddrs(3)). Any thread; not hot.

import { networkInterfaces } from "node:os";
import * as k from "./constants.ts";
import { check } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { errno, ioctl, socket } from "./libc.ts";
import { Scratch } from "./memory.ts";

export interface InterfaceState {
  isUp: boolean;
  mtu: number;
  /** Canonical text. */
  mac: string;
  /** CIDR form, as the kernel writes it; null: not known while it is not running, as it may be called for a second after it was attached. */
  addresses: string[] | null;
}

/** The interface `name`, or null when there is none. Throws SysError. */
export function lookAtInterface(name: string): InterfaceState | null {
  const fd = check(socket(k.AF_INET, k.SOCK_DGRAM | k.SOCK_CLOEXEC, 0), "socket", "for ioctl");
  try {
    const ask = (request: number): Uint8Array | null => {
      const scratch = new Scratch(k.IFREQ_BYTES);
      scratch.bytes.set(Buffer.from(name).subarray(0, k.IFNAMSIZ - 1));
      if (ioctl(fd, request, scratch.base) === 0) return scratch.bytes.subarray(k.IFNAMSIZ);
      if (errno() !== k.ENODEV) check(-1, "ioctl", `of ${name}`);
      return null;
    };
    const [flags, mtu, mac] = [ask(k.SIOCGIFFLAGS), ask(k.SIOCGIFMTU), ask(k.SIOCGIFHWADDR)];
    if (!flags || !mtu || !mac) return null;
    return {
      isUp: (flags[0] & k.IFF_UP) !== 0,
      mtu: Buffer.from(mtu).readInt32LE(0),
      // struct sockaddr: family u16, address.
      mac: Buffer.from(mac.subarray(2, 8))
        .toString("hex")
        .replace(/..(?!$)/g, "$&:"),
      addresses: (flags[0] & k.IFF_RUNNING) === 0 ? null : (networkInterfaces()[name] ?? []).flatMap(({ cidr }) => cidr ?? []),
    };
  } finally {
    closeFd(fd);
  }
}
