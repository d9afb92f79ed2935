// A file through TCP, and numbered datagrams through UDP, from one namespace to another, checked byte by byte.

import { createHash } from "node:crypto";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../command.ts";
import type { Daemon } from "../daemon.ts";
import type { Lab } from "../lab.ts";
import { kernelCounters } from "../snmp.ts";
import { HEARTBEAT_PORT, PORT } from "./ports.ts";
import { fill } from "./programs/pattern.ts";

const QUIET_MS = 5000;
/** Nobody says that a segmented run is over: the count does, or silence. */
const SEGMENTED_QUIET_MS = 3000;
const TRANSFER_MS = 60_000;

export interface Route {
  /** Namespaces. */
  from: string;
  to: string;
  /** An address of `to`. */
  address: string;
}

export interface TransferResult {
  bytes: number;
  sentSha256: string;
  receivedSha256: string;
  /** true: the received bytes are the file's. */
  same: boolean;
  bitsPerSecond: number;
}

export interface DatagramResult {
  sent: number;
  received: number;
  duplicates: number;
  damaged: number;
  /** Arrived after a later one. */
  late: number;
}

/** Path of one of traffic/programs. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
}

/** Starts one of traffic/programs in a namespace. */
export function startProgram(lab: Lab, netns: string, name: string, words: readonly (string | number)[], input?: "pipe"): Daemon {
  return lab.spawn([process.execPath, programPath(name), ...words.map(String)], { netns, name, input });
}

async function lastLine<T>(daemon: Daemon): Promise<T> {
  const { code } = await daemon.exited;
  if (code !== 0) throw new Error(`${daemon.name}: ${daemon.describe()}`);
  return JSON.parse(daemon.stdout.trim().split("\n").at(-1) ?? "") as T;
}

/** A file of pseudo-random bytes (xorshift32 from `seed`) in the lab's directory. Gives its path and SHA-256. */
export function makeFile(lab: Lab, name: string, bytes: number, seed = 1): { path: string; sha256: string } {
  const path = join(lab.directory, name);
  const file = openSync(path, "w");
  const hash = createHash("sha256");
  const words = new Uint32Array(1 << 18);
  let state = seed | 1;
  for (let left = bytes; left > 0; left -= words.byteLength) {
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[index] = state;
    }
    const chunk = new Uint8Array(words.buffer, 0, Math.min(left, words.byteLength));
    hash.update(chunk);
    writeSync(file, chunk);
  }
  closeSync(file);
  return { path, sha256: hash.digest("hex") };
}

/** Sends a file over TCP. `saveAs`: where the receiver puts it, if anywhere. */
export async function sendFile(lab: Lab, route: Route, path: string, saveAs?: string): Promise<TransferResult> {
  const receiver = startProgram(lab, route.to, "tcp-receive", [route.address, PORT, ...(saveAs === undefined ? [] : [saveAs])]);
  await receiver.waitFor(/listening/);
  const argv = [process.execPath, programPath("tcp-send"), route.address, `${PORT}`, path];
  try {
    const sent = JSON.parse(await run(argv, { netns: route.from, timeoutMs: TRANSFER_MS })) as {
      bytes: number;
      sha256: string;
      seconds: number;
    };
    const received = await lastLine<{ bytes: number; sha256: string }>(receiver);
    return {
      bytes: received.bytes,
      sentSha256: sent.sha256,
      receivedSha256: received.sha256,
      same: sent.sha256 === received.sha256 && sent.bytes === received.bytes,
      bitsPerSecond: (sent.bytes * 8) / sent.seconds,
    };
  } finally {
    await receiver.kill();
  }
}

/** Sends `count` numbered datagrams of `bytes` (to `bytesMax`) bytes of payload. */
export async function sendDatagrams(lab: Lab, route: Route, count: number, bytes: number, bytesMax = bytes): Promise<DatagramResult> {
  const receiver = startProgram(lab, route.to, "udp-receive", [route.address, PORT, QUIET_MS]);
  await receiver.waitFor(/listening/);
  const argv = [process.execPath, programPath("udp-send"), route.address, `${PORT}`, `${count}`, `${bytes}`, `${bytesMax}`];
  try {
    await run(argv, { netns: route.from, timeoutMs: TRANSFER_MS });
    return { sent: count, ...(await lastLine<Omit<DatagramResult, "sent">>(receiver)) };
  } finally {
    await receiver.kill();
  }
}

/** UDP_MAX_SEGMENTS (linux/udp.h), and what one datagram can carry (65,535 less an IPv6 and a UDP header, which IPv4 has room for as well). */
const SEGMENTS_MAX = 64;
const SEND_BYTES_MAX = 65_487;
const [SOL_UDP, UDP_SEGMENT] = [17, 103];

/** Datagrams that reached this namespace's stack and found their socket full. */
async function overflows(netns: string): Promise<number> {
  const counters = await kernelCounters(netns);
  return counters.UdpRcvbufErrors + counters.Udp6RcvbufErrors;
}

/**
 * The same with UDP_SEGMENT: the kernel takes up to 64 datagrams of `bytes` bytes in one send, and the interface a superframe of them. Nobody
 * paces it: `overflowed` were more than the receiving program could take in time.
 */
export async function sendSegmented(
  lab: Lab,
  route: Route,
  count: number,
  bytes: number,
): Promise<DatagramResult & { overflowed: number }> {
  const receiver = startProgram(lab, route.to, "udp-receive", [route.address, PORT, SEGMENTED_QUIET_MS, count]);
  await receiver.waitFor(/listening/);
  const file = join(lab.directory, "datagrams");
  const all = Buffer.alloc(count * bytes);
  for (let number = 0; number < count; number++) fill(all.subarray(number * bytes, (number + 1) * bytes), number);
  writeFileSync(file, all);
  const block = Math.min(SEGMENTS_MAX, Math.floor(SEND_BYTES_MAX / bytes)) * bytes;
  const [family, host] = route.address.includes(":") ? ["UDP6", `[${route.address}]`] : ["UDP4", route.address];
  const target = `${family}-SENDTO:${host}:${PORT},setsockopt-int=${SOL_UDP}:${UDP_SEGMENT}:${bytes}`;
  try {
    const before = await overflows(route.to);
    await run(["socat", "-u", "-b", `${block}`, `FILE:${file}`, target], { netns: route.from });
    const result = await lastLine<Omit<DatagramResult, "sent">>(receiver);
    return { sent: count, ...result, overflowed: (await overflows(route.to)) - before };
  } finally {
    await receiver.kill();
  }
}

export interface Heartbeat {
  /** Ends it; gives the echoes that came back, the longest wait for one, and what broke the connection, if anything did. */
  stop(): Promise<{ beats: number; longestMs: number; error: string | null }>;
}

/** A TCP connection that lives as long as the caller wants, with a small message and its echo every few milliseconds. */
export async function startHeartbeat(lab: Lab, route: Route): Promise<Heartbeat> {
  const echo = startProgram(lab, route.to, "echo", [route.address, HEARTBEAT_PORT]);
  await echo.waitFor(/listening/);
  const client = startProgram(lab, route.from, "heartbeat", [route.address, HEARTBEAT_PORT], "pipe");
  await client.waitFor(/beating/);
  return {
    stop: async () => {
      client.input.end();
      await client.exited;
      await echo.kill();
      return JSON.parse(client.stdout.trim().split("\n").at(-1) ?? "");
    },
  };
}
