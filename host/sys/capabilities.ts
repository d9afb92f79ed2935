// Whether this process may do what the data path needs, asked before anything is created. Any thread.

import { readFileSync } from "node:fs";
import { OperationError } from "../model/errors.ts";
import * as k from "./constants.ts";
import { SysError } from "./errno.ts";
import { closeFd } from "./fd.ts";
import { errno, open } from "./libc.ts";
import { TUN_DEVICE } from "./tap.ts";

/** Throws OperationError, with what to do, when TAPs and network namespaces are out of reach. */
export function assertCanRun(): void {
  assertCapabilities(readFileSync("/proc/thread-self/status", "utf8"));
  assertTunDevice(TUN_DEVICE);
}

/** `status`: text of /proc/thread-self/status. */
export function assertCapabilities(status: string): void {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const has = (capability: number) => ((effective >> BigInt(capability)) & 1n) === 1n;
  const missing = [
    has(k.CAP_NET_ADMIN) ? [] : "CAP_NET_ADMIN (TAP devices, interfaces)",
    has(k.CAP_SYS_ADMIN) ? [] : "CAP_SYS_ADMIN (entering network namespaces)",
  ].flat();
  if (missing.length > 0) throw new OperationError(`missing ${missing.join(" and ")}: run weft as root`);
}

/** `path`: /dev/net/tun. */
export function assertTunDevice(path: string): void {
  const fd = open(path, k.O_RDWR | k.O_CLOEXEC);
  if (fd !== -1) {
    closeFd(fd);
    return;
  }
  const error = new SysError("open", path, errno());
  const hint = new Map([
    ["ENOENT", "load it with `modprobe tun`, or in a container pass the device in (`--device /dev/net/tun`)"],
    ["ENODEV", "the kernel has no TUN/TAP driver: `modprobe tun`"],
    ["ENXIO", "the kernel has no TUN/TAP driver: `modprobe tun`"],
    ["EPERM", "the container's device rules forbid it (`--device /dev/net/tun`)"],
    ["EACCES", "run weft as root"],
  ]).get(error.code);
  throw new OperationError(hint === undefined ? error.message : `${error.message}: ${hint}`, { cause: error });
}
