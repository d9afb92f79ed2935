// TAPs, interfaces and counters in other network namespaces. One thread of its own does the setns, so that no other thread ever changes its namespace; it starts
// with the first request and keeps nobody from ending. File descriptors are the process's: the numbers work in every thread.
// Call from the main thread.

import { Worker } from "node:worker_threads";
import { threadEnvironment } from "../model/thread-environment.ts";
import { SysError } from "./errno.ts";
import type { InterfaceState } from "./interface.ts";
import type { NetnsReply, NetnsRequest, NetnsValue } from "./netns-worker.ts";
import type { Tap } from "./tap.ts";

interface Waiting {
  netns: string;
  resolve: (value: NetnsValue) => void;
  reject: (error: Error) => void;
}

let thread: Worker | null = null;
let lastId = 0;
const waiting = new Map<number, Waiting>();

/** openTap (host/sys/tap.ts) in the namespace at `netns`, a path. Rejects with SysError that names the namespace. */
export async function openTapIn(netns: string, name: string): Promise<Tap> {
  return (await request("open", netns, name)) as Tap;
}

/** Removes the TAP `name` from the namespace at `netns`; making it first, if it is not there, does no harm. Rejects with SysError. */
export async function deleteTapIn(netns: string, name: string): Promise<void> {
  await request("delete", netns, name);
}

/** A descriptor of the /proc/net/dev of the namespace at `netns`, which it keeps alive until it is closed. Rejects with an Error that names it. */
export async function openStatisticsIn(netns: string): Promise<number> {
  return (await request("statistics", netns, "")) as number;
}

/** lookAtInterface (host/sys/interface.ts) in the namespace at `netns`. Rejects with SysError that names the namespace. */
export async function lookIn(netns: string, name: string): Promise<InterfaceState | null> {
  return (await request("look", netns, name)) as InterfaceState | null;
}

/** Ends the thread; the next request starts another. */
export async function closeNetnsThread(): Promise<void> {
  await thread?.terminate();
}

function request(action: NetnsRequest["action"], netns: string, name: string): Promise<NetnsValue> {
  thread ??= start();
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    waiting.set(id, { netns, resolve, reject });
    thread?.ref();
    thread?.postMessage({ id, action, netns, name } satisfies NetnsRequest);
  });
}

function start(): Worker {
  // The process's own flags may fit only its main program (--input-type, --inspect-brk).
  const worker = new Worker(new URL("./netns-worker.ts", import.meta.url), {
    execArgv: [],
    env: threadEnvironment(),
    trackUnmanagedFds: false,
  });
  worker.on("message", (reply: NetnsReply) => {
    settle(reply);
    if (waiting.size === 0) worker.unref();
  });
  const ended = (why: string) => {
    if (thread === worker) thread = null;
    for (const { netns, reject } of waiting.values())
      reject(new Error(`network namespace ${netns}: the thread that enters it ended (${why})`));
    waiting.clear();
  };
  worker.on("error", (error) => ended(String(error)));
  worker.on("exit", (code) => ended(`exit ${code}`));
  worker.unref();
  return worker;
}

function settle(reply: NetnsReply): void {
  const wait = waiting.get(reply.id);
  if (!wait) return;
  waiting.delete(reply.id);
  if (!("error" in reply)) {
    wait.resolve(reply.value);
    return;
  }
  const { message, refusal } = reply.error;
  const place = `(network namespace ${wait.netns})`;
  wait.reject(refusal ? new SysError(refusal.syscall, `${refusal.what} ${place}`, refusal.errno) : new Error(`${message} ${place}`));
}
