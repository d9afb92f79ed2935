// The thread behind host/sys/netns-thread.ts: for each request it enters the namespace, does one thing, and comes back, since a thread
// keeps the namespace that it is in alive. Every request enters its own first, so none can run in a wrong place.

import { openSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { parentPort } from "node:worker_threads";
import { SysError } from "./errno.ts";
import { type InterfaceState, lookAtInterface } from "./interface.ts";
import { enterNetns, leaveNetns } from "./netns.ts";
import { deleteTap, openTap, type Tap } from "./tap.ts";

export interface NetnsRequest {
  id: number;
  action: "open" | "delete" | "statistics" | "look";
  netns: string;
  /** Of the interface; nothing for statistics. */
  name: string;
}

export type NetnsValue = Tap | number | InterfaceState | null;

export type NetnsReply =
  | { id: number; value: NetnsValue }
  | { id: number; error: { message: string; refusal: { syscall: string; what: string; errno: number } | null } };

const actions = {
  open: (name: string): Tap => openTap(name),
  delete: (name: string): null => {
    deleteTap(openTap(name).fd);
    return null;
  },
  statistics: (): number => openSync("/proc/thread-self/net/dev", "r"),
  look: (name: string): InterfaceState | null => lookAtInterface(name),
};

function serve(request: NetnsRequest): NetnsReply {
  const { id, action, netns, name } = request;
  try {
    enterNetns(netns);
    try {
      return { id, value: actions[action](name) };
    } finally {
      leaveNetns();
    }
  } catch (error) {
    const refusal = error instanceof SysError ? { syscall: error.syscall, what: error.what, errno: error.errno } : null;
    return { id, error: { message: String(error instanceof Error ? error.message : error), refusal } };
  }
}

parentPort?.on("message", (request: NetnsRequest) => parentPort?.postMessage(serve(request)));
flushCompileCache();
