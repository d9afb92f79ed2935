// `netns:PATH`: any network namespace of this host, as something that can be connected to a network. Main thread.

import { OperationError } from "../model/errors.ts";
import { links } from "../netdev/link.ts";
import { netnsId, netnsPath } from "../netdev/netns-path.ts";

const PREFIX = "netns:";
const OWN = "/proc/self/ns/net";
const INTERFACES_MAX = 1024;

export interface Target {
  path: string;
  /** Identity: two paths with the same one are the same namespace. */
  id: bigint;
}

/** Whether a target is a namespace; else it is a container. */
export function isNetnsTarget(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** The namespace behind `netns:PATH` or `netns:NAME` (the word may be left out). Throws OperationError when there is none, or when it is the agent's own. */
export function resolveTarget(text: string): Target {
  const name = isNetnsTarget(text) ? text.slice(PREFIX.length) : text;
  if (name === "") throw new OperationError(`${text}: give the namespace's path, or its name under /run/netns`);
  const path = netnsPath(name);
  const id = netnsId(path);
  if (id === netnsId(OWN))
    throw new OperationError(
      `network namespace ${path} is the one that the agent itself runs in: an overlay's interface does not belong there`,
    );
  return { path, id };
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
