// Closing. File descriptors are the process's: whoever closes one sees to it that no thread uses the number any more, since the kernel
// gives it to the next that opens something.

import { EINTR } from "./constants.ts";
import { SysError } from "./errno.ts";
import { close, dup, errno } from "./libc.ts";

/** Closes a file descriptor. Throws SysError (EBADF: a bug of the caller). */
export function closeFd(fd: number): void {
  // Linux has released the number even when close says EINTR (close(2)).
  if (close(fd) === -1 && errno() !== EINTR) throw new SysError("close", `fd ${fd}`, errno());
}

/** A second number for the same open file, for an owner that will close it. Throws SysError (EMFILE). */
export function duplicate(fd: number): number {
  const copy = dup(fd);
  if (copy === -1) throw new SysError("dup", `fd ${fd}`, errno());
  return copy;
}
