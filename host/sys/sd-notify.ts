// Tells systemd how the service is doing (sd_notify(3)): one datagram to the unix socket that $NOTIFY_SOCKET names. Any thread.

import * as k from "./constants.ts";
import { check } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { sendto, socket } from "./libc.ts";

/** sizeof(sun_path) in linux/un.h; behind the family. */
const SUN_PATH_BYTES = 108;
const SUN_PATH = 2;

/**
 * Sends `state`, e.g. "READY=1". Does nothing and gives false when no service manager asked for it. Throws SysError or RangeError when
 * `socketPath` (by default $NOTIFY_SOCKET: a path, or `@` and a name for an abstract socket) cannot be reached.
 */
export function notifySystemd(state: string, socketPath = process.env.NOTIFY_SOCKET): boolean {
  if (!socketPath) return false;
  const address = unixAddress(socketPath);
  const data = Buffer.from(state, "utf8");
  const fd = check(socket(k.AF_UNIX, k.SOCK_DGRAM | k.SOCK_CLOEXEC, 0), "socket", "NOTIFY_SOCKET");
  try {
    check(sendto(fd, data, data.length, k.MSG_NOSIGNAL, address, address.length), "sendto", `NOTIFY_SOCKET ${socketPath}`);
  } finally {
    closeFd(fd);
  }
  return true;
}

function unixAddress(path: string): Uint8Array {
  const name = Buffer.from(path, "utf8");
  if (!/^[/@]/.test(path) || name.length > SUN_PATH_BYTES) {
    throw new RangeError(
      `NOTIFY_SOCKET ${JSON.stringify(path)} is neither an absolute path nor an abstract name of at most ${SUN_PATH_BYTES} bytes`,
    );
  }
  // An abstract name starts with a zero byte, and its length ends it (unix(7)).
  if (path[0] === "@") name[0] = 0;
  const address = new Uint8Array(SUN_PATH + name.length);
  new DataView(address.buffer).setUint16(0, k.AF_UNIX, true);
  address.set(name, SUN_PATH);
  return address;
}
