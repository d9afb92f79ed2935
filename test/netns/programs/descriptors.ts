// The open file descriptors of a process.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Descriptor {
  fd: number;
  /** As /proc has it: `socket:[12345]`, `/dev/net/tun`, `anon_inode:[eventpoll]`. */
  target: string;
}

/** Those of `pid`, or of this process. One that closes meanwhile is left out. */
export function descriptors(pid: number | "self" = "self"): Descriptor[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [{ fd: Number(name), target: readlinkSync(`/proc/${pid}/fd/${name}`) }];
    } catch {
      return [];
    }
  });
}

/** How many of each kind: `socket`, `/dev/net/tun`, `anon_inode:[eventpoll]`. */
export function kinds(all: readonly Descriptor[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { target } of all) {
    const kind = target.replace(/^(socket|pipe):.*/, "$1");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The epolls of a process that watch `fd`. */
export function watchers(pid: number, fd: number): number[] {
  return descriptors(pid).flatMap(({ fd: epoll, target }) => {
    if (target !== "anon_inode:[eventpoll]") return [];
    const watched = [...readFileSync(`/proc/${pid}/fdinfo/${epoll}`, "utf8").matchAll(/^tfd:\s+(\d+)/gm)];
    return watched.some(([, number]) => Number(number) === fd) ? [epoll] : [];
  });
}
