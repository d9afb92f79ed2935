// Hears that something changed in the kernel's tables (netlink(7) multicast), in the network namespace of the calling thread. Not what: whoever
// wants to know looks (iproute2, nft). One thread per listener.

import * as k from "./constants.ts";
import { check, SysError } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { bind, errno, recv, socket } from "./libc.ts";
import { Scratch } from "./memory.ts";

const SOCKADDR_NL_BYTES = 12;
const MESSAGE_BYTES = 8192;
/** More than fit a socket's buffer: a flood of news is one piece of news. */
const MESSAGES_MAX = 4096;

export class NetlinkListener {
  readonly #fd: number;
  readonly #message = new Scratch(MESSAGE_BYTES);

  /** `protocol`: NETLINK_*. `groups`: a mask of its first 32 groups. Throws SysError (EPROTONOSUPPORT: the kernel has no such tables). */
  constructor(protocol: number, groups: number) {
    const type = k.SOCK_RAW | k.SOCK_NONBLOCK | k.SOCK_CLOEXEC;
    this.#fd = check(socket(k.AF_NETLINK, type, protocol), "socket", `netlink ${protocol}`);
    // struct sockaddr_nl (linux/netlink.h): family u16, pad u16, port id u32 (0: the kernel chooses), groups u32.
    const address = new DataView(new ArrayBuffer(SOCKADDR_NL_BYTES));
    address.setUint16(0, k.AF_NETLINK, true);
    address.setUint32(8, groups, true);
    if (bind(this.#fd, new Uint8Array(address.buffer), SOCKADDR_NL_BYTES) === 0) return;
    const why = errno();
    closeFd(this.#fd);
    throw new SysError("bind", `netlink ${protocol}`, why);
  }

  /** Whether anything changed since the last call. Never waits. */
  changed(): boolean {
    for (let messages = 0; messages < MESSAGES_MAX; messages++) {
      if (recv(this.#fd, this.#message.base, MESSAGE_BYTES, k.MSG_DONTWAIT) !== -1) continue;
      // ENOBUFS: there was more than it could keep.
      return errno() === k.ENOBUFS || messages > 0;
    }
    return true;
  }

  close(): void {
    closeFd(this.#fd);
  }
}
