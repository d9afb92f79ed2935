// Error numbers as names, and the error that every call of host/sys throws when the kernel refuses something. The hot classes never
// throw: a datagram or frame that fails gets a drop reason.

import koffi from "koffi";
import { errno, strerror } from "./libc.ts";

const names = new Map<number, string>();
// Several names can share a number (EAGAIN and EWOULDBLOCK); the shorter is the usual one.
for (const [name, number] of Object.entries(koffi.os.errno)) {
  const known = names.get(number);
  if (known === undefined || name.length < known.length) names.set(number, name);
}

/** E.g. 98 → "EADDRINUSE". */
export function errnoName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** The kernel refused a call. One line: `bind 10.0.0.1:4789: Address already in use (EADDRINUSE)`. */
export class SysError extends Error {
  override readonly name = "SysError";
  /** E.g. "EADDRINUSE". */
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  /** The object: a device, an address, a path. */
  readonly what: string;

  constructor(syscall: string, what: string, number: number) {
    const code = errnoName(number);
    super(`${syscall} ${what}: ${strerror(number)} (${code})`);
    this.code = code;
    this.errno = number;
    this.syscall = syscall;
    this.what = what;
  }
}

/** Passes a result on, or throws SysError when it is -1. Call it at once: errno is the thread's last. */
export function check(result: number, syscall: string, what: string): number {
  if (result === -1) throw new SysError(syscall, what, errno());
  return result;
}
