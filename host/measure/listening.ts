// Whether a server that was started listens by now. iperf3 with -J says nothing until its test is over, so the kernel is asked. Any thread.

import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { OperationError } from "../model/errors.ts";
import { signalGroup } from "./tool.ts";

/** From its start until it listens: some milliseconds. */
const LISTEN_MS_MAX = 10_000;
const POLL_MS = 5;
/** TCP_LISTEN in /proc/net/tcp. */
const STATE_LISTEN = "0A";

/** True once the process listens, false when it ends first. Kills it, and rejects with OperationError, when it does neither. */
export async function listens(child: ChildProcess, port: number): Promise<boolean> {
  const end = performance.now() + LISTEN_MS_MAX;
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    if (listensAt(child.pid, port)) return true;
    if (performance.now() >= end) {
      signalGroup(child, "SIGKILL");
      throw new OperationError(`iperf3 does not listen at port ${port} after ${LISTEN_MS_MAX / 1000} s`);
    }
    await delay(POLL_MS);
  }
  return false;
}

/** Whether a socket of this very process listens at a TCP port, in whatever network namespace the process is. */
export function listensAt(pid: number, port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => descriptor(pid, fd)));
    return ["tcp", "tcp6"].some((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .some(
          ([, local, , state, , , , , , inode]) => state === STATE_LISTEN && local.endsWith(suffix) && sockets.has(`socket:[${inode}]`),
        ),
    );
  } catch {
    // It ended; or there is no IPv6, and it does not listen on IPv4.
    return false;
  }
}

/** Such as "socket:[12345]"; null for one that was closed meanwhile. */
function descriptor(pid: number, fd: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return null;
  }
}
