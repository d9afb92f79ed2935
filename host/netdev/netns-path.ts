// Network namespaces by name or path. A name is an entry of /run/netns (ip-netns(8)); a path is anything that setns(2) takes, such as
// /proc/PID/ns/net or what Docker calls a sandbox key. Any thread.

import { statSync } from "node:fs";
import { OperationError } from "../model/errors.ts";
import type { SysError } from "../sys/errno.ts";
import { isNetns } from "../sys/netns.ts";

export const NETNS_DIRECTORY = "/run/netns";

/** Path for a name under /run/netns, or the path itself. */
export function netnsPath(nameOrPath: string): string {
  return nameOrPath.includes("/") ? nameOrPath : `${NETNS_DIRECTORY}/${nameOrPath}`;
}

/** Identity of the namespace at a path: the same number = the same namespace. Throws OperationError when there is none. */
export function netnsId(path: string): bigint {
  try {
    // An identity belongs to what was checked: a path may be mounted over in between, which the check of the caller's next call finds.
    if (isNetns(path)) return statSync(path, { bigint: true }).ino;
  } catch (error) {
    const missing = (error as SysError | NodeJS.ErrnoException).code === "ENOENT";
    const why = missing ? "is missing (make it with: ip netns add NAME)" : `cannot be opened: ${(error as Error).message}`;
    throw new OperationError(`network namespace ${path} ${why}`, { cause: error });
  }
  throw new OperationError(`${path} is not a network namespace`);
}

/** True while `path` leads to the namespace that had this identity. */
export function netnsIs(path: string, id: bigint): boolean {
  try {
    return netnsId(path) === id;
  } catch {
    return false;
  }
}
