// The network namespace of the calling thread (setns(2)). A thread that enters one takes with it every socket and device that it opens
// afterwards; the other threads stay. Only host/sys/netns-worker.ts, which exists for nothing else, may enter and leave.

import * as k from "./constants.ts";
import { check } from "./errno.ts";
import { close, ioctl, open, setns } from "./libc.ts";

/** The namespace that this thread started in, open since it first left it. */
let home = -1;

/** Moves the calling thread into the namespace at `path`. Throws SysError, with the thread where it was. */
export function enterNetns(path: string): void {
  if (home === -1) home = openNetns("/proc/thread-self/ns/net");
  const fd = openNetns(path);
  try {
    check(setns(fd, k.CLONE_NEWNET), "setns", path);
  } finally {
    close(fd);
  }
}

/** Moves the calling thread back to where it was before its first enterNetns. Throws SysError. */
export function leaveNetns(): void {
  if (home !== -1) check(setns(home, k.CLONE_NEWNET), "setns", "to the namespace that the thread started in");
}

/** True when `path` is a network namespace, false when it is something else. Throws SysError when it cannot be opened. Any thread. */
export function isNetns(path: string): boolean {
  const fd = openNetns(path);
  const type = ioctl(fd, k.NS_GET_NSTYPE, 0);
  close(fd);
  return type === k.CLONE_NEWNET;
}

/** O_NONBLOCK: the path may turn out to be a pipe. */
function openNetns(path: string): number {
  return check(open(path, k.O_RDONLY | k.O_NONBLOCK | k.O_CLOEXEC), "open", path);
}
