// Keeps one thread of another process from running, and that one alone, as if it were busy: ptrace(2) without a debugger. Arguments: the thread's id (a
// process's own is its main thread's), and for how long in milliseconds. Prints "holding" once it is held; whatever ends this program lets it go on.

import { setTimeout as sleep } from "node:timers/promises";
import { check } from "../../../host/sys/errno.ts";
import { syscall } from "../../../host/sys/libc.ts";

/** linux/ptrace.h */
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const SYS_PTRACE = process.arch === "arm64" ? 117 : 101;

const [thread, ms] = process.argv.slice(2).map(Number);
for (const request of [PTRACE_SEIZE, PTRACE_INTERRUPT])
  check(syscall(SYS_PTRACE, request, thread, 0, 0, 0, 0), "ptrace", `thread ${thread}`);
console.log("holding");
await sleep(ms);
