// What the benchmark and its probe inside the agent say to each other: JSON lines on a UNIX socket, one Request, one Reply.

/** Environment variable: the path of the probe's socket. */
export const PROBE_SOCKET = "WEFT_BENCH_PROBE";

export type Request = "start" | "stop";
/** A thread that has not answered by then sleeps. */
export const ANSWER_MS = 2000;
/** To "start" none, to "stop" one for each data path thread, null for one that sleeps; or what went wrong. */
export type Reply = { reports: (ThreadReport | null)[] } | { error: string };

/** What one data path thread allocated between start and stop. */
export interface ThreadReport {
  name: string;
  profile: SamplingProfile;
  /** Bytes in use on this thread's heap (Runtime.getHeapUsage of the inspector protocol). */
  heapBefore: number;
  heapAfter: number;
  /** Garbage collections of this thread's heap. */
  collections: number;
}

/** HeapProfiler.SamplingHeapProfile of the inspector protocol, as far as it is read. selfSize: bytes, scaled up from the samples. */
export interface SamplingProfile {
  head: SamplingNode;
}

export interface SamplingNode {
  callFrame: { functionName: string; url: string; lineNumber: number };
  selfSize: number;
  children: SamplingNode[];
}
