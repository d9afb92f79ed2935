// The C library's functions that weft calls, declared once a thread. Only host/sys imports this file, and koffi.
//
// Addresses are `int64` and passed as Numbers (they are below 2^47): BigInt, `void *` and typed arrays cost 30 to 40 ns more a call.
// Cold calls take a typed array where that reads better. ssize_t and size_t are int64 too. Each result is a Number; after -1,
// and only then, errno() tells why.

import koffi from "koffi";

const library = koffi.load(null);

type Fd = number;
type Address = number;

function declare<F extends (...args: never[]) => unknown>(name: string, result: string, parameters: string[]): F {
  return library.func(name, result, parameters) as unknown as F;
}

/** Hot: every argument is a number. */
export const read = declare<(fd: Fd, to: Address, bytes: number) => number>("read", "int64", ["int", "int64", "int64"]);
export const write = declare<(fd: Fd, from: Address, bytes: number) => number>("write", "int64", ["int", "int64", "int64"]);
export const writev = declare<(fd: Fd, iov: Address, count: number) => number>("writev", "int64", ["int", "int64", "int"]);
export const recvmmsg = declare<(fd: Fd, messages: Address, count: number, flags: number, timeout: Address) => number>("recvmmsg", "int", [
  "int",
  "int64",
  "uint",
  "int",
  "int64",
]);
export const sendmmsg = declare<(fd: Fd, messages: Address, count: number, flags: number) => number>("sendmmsg", "int", [
  "int",
  "int64",
  "uint",
  "int",
]);
const epollWaitFunction = library.func("epoll_wait", "int", ["int", "int64", "int", "int"]);
export const epoll_wait = epollWaitFunction as unknown as (fd: Fd, events: Address, count: number, timeoutMs: number) => number;

/** epoll_wait on a thread of libuv's pool; resolves to its result and, when that is -1, its errno. */
export function epoll_wait_async(fd: Fd, events: Address, count: number, timeoutMs: number): Promise<{ result: number; errno: number }> {
  return new Promise((resolve, reject) => {
    epollWaitFunction.async(fd, events, count, timeoutMs, (error: unknown, result: number) => {
      if (error) reject(error);
      else resolve({ result, errno: result === -1 ? errno() : 0 });
    });
  });
}

/** Cold. */
export const open = declare<(path: string, flags: number) => Fd>("open", "int", ["str", "int"]);
export const sched_getaffinity = declare<(thread: number, bytes: number, mask: Uint8Array) => number>("sched_getaffinity", "int", [
  "int",
  "int64",
  "void *",
]);
export const sched_setaffinity = declare<(thread: number, bytes: number, mask: Uint8Array) => number>("sched_setaffinity", "int", [
  "int",
  "int64",
  "void *",
]);
export const dup = declare<(fd: Fd) => Fd>("dup", "int", ["int"]);
export const flock = declare<(fd: Fd, operation: number) => number>("flock", "int", ["int", "int"]);
export const close = declare<(fd: Fd) => number>("close", "int", ["int"]);
export const ioctl = declare<(fd: Fd, request: number, argument: Address) => number>("ioctl", "int", ["int", "ulong", "int64"]);
export const setns = declare<(fd: Fd, type: number) => number>("setns", "int", ["int", "int"]);
export const socket = declare<(family: number, type: number, protocol: number) => Fd>("socket", "int", ["int", "int", "int"]);
export const bind = declare<(fd: Fd, address: Uint8Array, bytes: number) => number>("bind", "int", ["int", "void *", "uint"]);
export const getsockname = declare<(fd: Fd, address: Uint8Array, bytes: Int32Array) => number>("getsockname", "int", [
  "int",
  "void *",
  "void *",
]);
export const connect = declare<(fd: Fd, address: Uint8Array, bytes: number) => number>("connect", "int", ["int", "void *", "uint"]);
export const sendto = declare<(fd: Fd, data: Uint8Array, bytes: number, flags: number, to: Uint8Array, toBytes: number) => number>(
  "sendto",
  "int64",
  ["int", "void *", "int64", "int", "void *", "uint"],
);
export const send = declare<(fd: Fd, data: Uint8Array, bytes: number, flags: number) => number>("send", "int64", [
  "int",
  "void *",
  "int64",
  "int",
]);
export const recv = declare<(fd: Fd, to: Address, bytes: number, flags: number) => number>("recv", "int64", [
  "int",
  "int64",
  "int64",
  "int",
]);
export const getsockopt = declare<(fd: Fd, level: number, name: number, value: Int32Array, bytes: Int32Array) => number>(
  "getsockopt",
  "int",
  ["int", "int", "int", "void *", "void *"],
);
export const setsockopt = declare<(fd: Fd, level: number, name: number, value: Int32Array | Uint8Array, bytes: number) => number>(
  "setsockopt",
  "int",
  ["int", "int", "int", "void *", "uint"],
);
export const epoll_create1 = declare<(flags: number) => Fd>("epoll_create1", "int", ["int"]);
export const epoll_ctl = declare<(fd: Fd, operation: number, target: Fd, event: Address) => number>("epoll_ctl", "int", [
  "int",
  "int",
  "int",
  "int64",
]);
export const eventfd = declare<(initial: number, flags: number) => Fd>("eventfd", "int", ["uint", "int"]);
/** For what the C library has no function for. The result is the kernel's, or -1. */
export const syscall = declare<(number: number, a: number, b: number, c: number, d: number, e: number, f: number) => number>(
  "syscall",
  "int64",
  ["int64", "int64", "int64", "int64", "int64", "int64", "int64"],
);
export const strerror = declare<(errno: number) => string>("strerror", "str", ["int"]);

/** Why the calling thread's last call gave -1. */
export function errno(): number {
  return koffi.errno();
}

/**
 * The address of an ArrayBuffer's or a shared memory's first byte. Neither ever moves while something refers to it (views of 64 bytes or
 * less without a buffer of their own may: pass the buffer).
 */
export function addressOf(buffer: ArrayBufferLike): number {
  return Number(koffi.address(new Uint8Array(buffer)));
}
