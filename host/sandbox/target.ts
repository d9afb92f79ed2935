// `netns:PATH`: any network namespace of this host, as something that can be connected to a network. Main thread.

import { OperationError } from "../model/errors.ts";
import { links } from "../netdev/link.ts";
import { netnsId, netnsIs, netnsPath } from "../netdev/netns-path.ts";

const PREFIX = "netns:";
const OWN = "/proc/self/ns/net";
const INTERFACES_MAX = 1024;

/** Whether a target is a namespace; else it is a container. */
export function isNetnsTarget(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** The path of the namespace that `netns:PATH` or `netns:NAME` means, be it there or not. Throws OperationError when it means none. */
export function targetPath(text: string): string {
  const name = text.slice(PREFIX.length);
  if (name === "") throw new OperationError(`${text}: give the namespace's path, or its name under /run/netns`);
  return netnsPath(name);
}

/** The path of one that is there. Throws OperationError when it is not, or when it is the agent's own. */
export function resolveTarget(text: string): string {
  const path = targetPath(text);
  if (netnsId(path) === netnsId(OWN))
    throw new OperationError(
      `network namespace ${path} is the one that the agent itself runs in: an overlay's interface does not belong there`,
    );
  return path;
}

/** Whether a path leads to the namespace of this identity: many paths lead to one. */
export function leadsTo(path: string, inode: string): boolean {
  return netnsIs(path, BigInt(inode));
}

/** The first of eth0, eth1, … that the namespace has not, nor is `promised`. Rejects with OperationError. */
export async function freeInterface(path: string, promised: ReadonlySet<string> = new Set()): Promise<string> {
  const taken = new Set((await links(path)).map(({ ifname }) => ifname));
  for (let number = 0; number < INTERFACES_MAX; number++) {
    const name = `eth${number}`;
    if (!taken.has(name) && !promised.has(name)) return name;
  }
  throw new OperationError(`network namespace ${path} has eth0 to eth${INTERFACES_MAX - 1} already`);
}
