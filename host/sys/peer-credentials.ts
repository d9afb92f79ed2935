// Who is at the other end of a unix socket: what the kernel noted when it connected (SO_PEERCRED of unix(7)). It cannot be forged, and does not change
// when the peer does. Main thread, once a connection.
//
//   struct ucred (linux/socket.h)   pid i32 | uid u32 | gid u32

import * as k from "./constants.ts";
import { check } from "./errno.ts";
import { getsockopt } from "./libc.ts";

const UCRED_WORDS = 3;

export interface PeerCredentials {
  /** As this process sees it: 0 when the peer's is in a namespace that it cannot see. */
  pid: number;
  /** 65534 when the peer's has no counterpart in this user namespace. */
  uid: number;
  gid: number;
}

/** Throws SysError when `fd` is no socket. */
export function peerCredentials(fd: number): PeerCredentials {
  const ucred = new Int32Array(UCRED_WORDS);
  check(getsockopt(fd, k.SOL_SOCKET, k.SO_PEERCRED, ucred, Int32Array.of(ucred.byteLength)), "getsockopt", `SO_PEERCRED of fd ${fd}`);
  return { pid: ucred[0], uid: ucred[1] >>> 0, gid: ucred[2] >>> 0 };
}
