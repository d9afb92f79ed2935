// Which CPUs a thread may run on (sched_setaffinity(2), which takes a thread although it says process). A thread that moves to another CPU
// between two sends has them in two of the kernel's queues (net/core/dev.c, one backlog a CPU), which may deliver them in either order.

import { check } from "./errno.ts";
import { sched_getaffinity, sched_setaffinity } from "./libc.ts";

/** Room for 1,024 CPUs, as glibc's cpu_set_t. */
const MASK_BYTES = 128;
const CALLING_THREAD = 0;

/** The CPUs that the calling thread may use, ascending. Throws SysError. */
export function allowedCpus(): number[] {
  const mask = new Uint8Array(MASK_BYTES);
  check(sched_getaffinity(CALLING_THREAD, MASK_BYTES, mask), "sched_getaffinity", "");
  return Array.from({ length: MASK_BYTES * 8 }, (_, cpu) => cpu).filter((cpu) => (mask[cpu >> 3] >> (cpu & 7)) & 1);
}

/** Keeps the calling thread on one of the CPUs that it may use: the `index`-th, round and round. Gives the CPU. Throws SysError. */
export function stayOnCpu(index: number): number {
  const cpus = allowedCpus();
  const cpu = cpus[index % cpus.length];
  const mask = new Uint8Array(MASK_BYTES);
  mask[cpu >> 3] = 1 << (cpu & 7);
  check(sched_setaffinity(CALLING_THREAD, MASK_BYTES, mask), "sched_setaffinity", `CPU ${cpu}`);
  return cpu;
}
