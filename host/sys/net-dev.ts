// A namespace's interface counters (proc_pid_net(5), net/core/net-procfs.c dev_seq_show) by a descriptor of its /proc/net/dev, which netns-thread.ts
// opens there: one read, no process, no change of namespace. Any thread.

import { readSync } from "node:fs";

const CHUNK_BYTES = 16_384;
/** Columns behind the name: eight of receiving, then bytes, packets, errors, drops of sending. */
const TX_DROPPED = 11;

/** Packets that the kernel dropped in sending by `name`; null when the namespace has no such interface. Throws what fs throws. */
export function txDropped(fd: number, name: string): number | null {
  for (const line of text(fd).split("\n")) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).trim() !== name) continue;
    return Number(
      line
        .slice(colon + 1)
        .trim()
        .split(/\s+/)[TX_DROPPED],
    );
  }
  return null;
}

function text(fd: number): string {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const bytes = readSync(fd, chunk, 0, CHUNK_BYTES, at);
    if (bytes === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, bytes));
    at += bytes;
  }
}
