// What io_uring would save the workers, stage by stage: TAP reads, TAP writes and sends by system calls as the workers make them, beside the same by a
// ring, in turns in one process. docs/measurements.md has the figures and what became of the idea.

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import * as k from "../../host/sys/constants.ts";
import { check } from "../../host/sys/errno.ts";
import { bind, read, sendmmsg, sendto, setsockopt, socket, write } from "../../host/sys/libc.ts";
import { sockaddr } from "../../host/sys/sockaddr.ts";
import { openTap } from "../../host/sys/tap.ts";
import { ipBatch } from "../../lab/command.ts";
import { ethernet, ipv4, TYPE_IPV4, udp } from "../../lab/traffic/frames.ts";
import { help, optionsOf, runProgram, whole } from "../command-line.ts";
import { Buffers, OP_ASYNC_CANCEL, OP_SENDMSG, OP_WRITE, Pages, Ring, RWF_NOWAIT } from "./ring.ts";

const HELP = `unshare --net node bench/trials/io-uring.ts [--rounds N]   (root; a network namespace of its own)

Nanoseconds a frame of TAP reads, TAP writes and sends, by system calls and by io_uring: the median of N rounds (2000) and the
quartiles. A write or send ends in a socket whose queue is full, so that no reader is measured with it.`;

const BUFFER_BYTES = 69_632;
const BATCHES = [1, 8, 32];
const BATCH_MAX = 32;
const HEADERS_BYTES = 42;
const VNET_BYTES = 10;
const OWN = "10.9.0.1";
const OTHER = "10.9.0.2";
const OWN_MAC = "02:00:00:00:00:01";
const OTHER_MAC = "02:00:00:00:00:02";
const PORT = 7000;
const PROTOCOL_UDP = 17;
const READ_TAG = 1;
const CANCEL_TAG = 2;

interface Stage {
  name: string;
  /** Made before each turn, not measured. */
  prepare: (batch: number) => void;
  calls: (batch: number) => void;
  ring: (batch: number) => void;
  /** Around the ring's turn, not measured. */
  arm?: (batch: number) => void;
  disarm?: () => void;
}

const memory = new Pages((BATCH_MAX + 1) * BUFFER_BYTES);

/** (tag, result, flags) of each completion. */
const completions = new Int32Array(3 * 4 * BATCH_MAX);

function expect(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}

/** A UDP socket on `address`, with no room for what it is sent. */
function deafSocket(address: string): number {
  const fd = check(socket(k.AF_INET, k.SOCK_DGRAM | k.SOCK_CLOEXEC, 0), "socket", "");
  check(setsockopt(fd, k.SOL_SOCKET, k.SO_RCVBUF, new Int32Array([1]), 4), "setsockopt", "SO_RCVBUF");
  check(bind(fd, sockaddr(4, address, PORT), 16), "bind", address);
  return fd;
}

/** The ring's `batch` operations all came to `wanted`. */
function reapAll(batch: number, wanted: number): void {
  ring.enter(batch);
  expect("completions", ring.reap(completions), batch);
  for (let i = 0; i < batch; i++) expect("result", completions[3 * i + 1], wanted);
}

function readStage(tap: number, own: number, bytes: number): Stage {
  const length = VNET_BYTES + HEADERS_BYTES + bytes;
  const payload = new Uint8Array(bytes);
  const to = sockaddr(4, OTHER, PORT);
  /** Buffers by batch. */
  const groups = new Map<number, Buffers>();
  return {
    name: "TAP read",
    prepare: (batch) => {
      for (let i = 0; i < batch; i++) expect("sendto", sendto(own, payload, bytes, 0, to, 16), bytes);
    },
    calls: (batch) => {
      for (let i = 0; i < batch; i++) expect("read", read(tap, memory.base + i * BUFFER_BYTES, BUFFER_BYTES), length);
      expect("last read", read(tap, memory.base, BUFFER_BYTES), -1);
    },
    arm: (batch) => {
      if (!groups.has(batch)) {
        // As many buffers as system calls use, and one: when the last is taken the read ends.
        const buffers = new Buffers(ring, 2 * BATCH_MAX, bytes + batch);
        for (let id = 0; id <= batch; id++) buffers.give(memory.base + id * BUFFER_BYTES, BUFFER_BYTES, id);
        groups.set(batch, buffers);
      }
      ring.pushReads(tap, bytes + batch, READ_TAG);
      ring.enter(0);
    },
    ring: (batch) => {
      ring.enter(batch);
      expect("completions", ring.reap(completions), batch);
      for (let i = 0; i < batch; i++) {
        expect("result", completions[3 * i + 1], length);
        const id = completions[3 * i + 2] >>> 16;
        groups.get(batch)?.give(memory.base + id * BUFFER_BYTES, BUFFER_BYTES, id);
      }
    },
    disarm: () => {
      ring.push(OP_ASYNC_CANCEL, -1, READ_TAG, 0, 0, CANCEL_TAG);
      ring.enter(2);
      expect("completions of cancelling", ring.reap(completions), 2);
    },
  };
}

function writeStage(tap: number, bytes: number): Stage {
  const length = VNET_BYTES + HEADERS_BYTES + bytes;
  const packet = ipv4(OTHER, OWN, udp(PORT, PORT, new Uint8Array(bytes)), { protocol: PROTOCOL_UDP });
  const frame = Buffer.concat([Buffer.alloc(VNET_BYTES), ethernet(OWN_MAC, OTHER_MAC, TYPE_IPV4, packet)]);
  return {
    name: "TAP write",
    prepare: (batch) => {
      for (let i = 0; i < batch; i++) memory.bytes.set(frame, i * BUFFER_BYTES);
    },
    calls: (batch) => {
      for (let i = 0; i < batch; i++) expect("write", write(tap, memory.base + i * BUFFER_BYTES, length), length);
    },
    ring: (batch) => {
      for (let i = 0; i < batch; i++) ring.push(OP_WRITE, tap, memory.base + i * BUFFER_BYTES, length, RWF_NOWAIT, i);
      reapAll(batch, length);
    },
  };
}

/** struct mmsghdr 64 B each, then the iovecs, then the one destination. */
function sendStage(own: number, bytes: number): Stage {
  const messages = new Pages(BATCH_MAX * (64 + 16) + 16);
  const name = BATCH_MAX * (64 + 16);
  messages.bytes.set(sockaddr(4, "127.0.0.1", PORT), name);
  for (let i = 0; i < BATCH_MAX; i++) {
    const iov = BATCH_MAX * 64 + i * 16;
    messages.point(i * 16, messages.base + name);
    messages.words[i * 16 + 2] = 16;
    messages.point(i * 16 + 4, messages.base + iov);
    messages.words[i * 16 + 6] = 1;
    messages.point(iov >> 2, memory.base + i * BUFFER_BYTES);
    messages.words[(iov >> 2) + 2] = bytes;
  }
  return {
    name: "send",
    prepare: () => {},
    calls: (batch) => expect("sendmmsg", sendmmsg(own, messages.base, batch, k.MSG_DONTWAIT), batch),
    ring: (batch) => {
      for (let i = 0; i < batch; i++) ring.push(OP_SENDMSG, own, messages.base + i * 64, 1, k.MSG_DONTWAIT, i);
      reapAll(batch, bytes);
    },
  };
}

function nanoseconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1e6;
}

/** Median and quartiles of the later three quarters: the compiler is at work in the first. */
function summary(values: number[]): string {
  const sorted = values.slice(values.length >> 2).sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.floor(part * (sorted.length - 1))]).toLocaleString("en");
  return `${at(0.5)} (${at(0.25)}–${at(0.75)})`;
}

function measure(stage: Stage, batch: number, rounds: number): [string, string] {
  const calls: number[] = [];
  const rings: number[] = [];
  for (let round = 0; round < rounds; round++) {
    stage.prepare(batch);
    calls.push(nanoseconds(() => stage.calls(batch)) / batch);
    stage.arm?.(batch);
    stage.prepare(batch);
    rings.push(nanoseconds(() => stage.ring(batch)) / batch);
    stage.disarm?.();
  }
  return [summary(calls), summary(rings)];
}

/** The command line and the namespace, checked. */
function readRounds(): number {
  return optionsOf("io-uring", HELP, () => {
    const { values } = parseArgs({ options: { rounds: { type: "string", default: "2000" }, help } });
    if (values.help) return null;
    // Two lines of titles, then lo.
    if (readFileSync("/proc/net/dev", "utf8").trim().split("\n").length > 3)
      throw new Error("it needs a network namespace of its own: see --help");
    return whole("--rounds", values.rounds, 4);
  });
}

async function main(): Promise<void> {
  ring = new Ring(2 * BATCH_MAX);
  // Router solicitations would be frames, too.
  writeFileSync("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
  const { fd: tap } = openTap("trial0");
  await ipBatch([
    "link set lo up",
    `link set trial0 address ${OWN_MAC} mtu 65000 up`,
    `address add ${OWN}/24 dev trial0`,
    `neighbor add ${OTHER} lladdr ${OTHER_MAC} dev trial0 nud permanent`,
  ]);
  const own = deafSocket(OWN);
  const sender = check(socket(k.AF_INET, k.SOCK_DGRAM | k.SOCK_CLOEXEC, 0), "socket", "");
  deafSocket("127.0.0.1");
  const table = new Table({
    head: ["stage", "payload", "batch", "system calls, ns/frame", "io_uring, ns/frame"],
    style: { head: [], border: [] },
  });
  for (const bytes of [64, 60_000]) {
    for (const stage of [readStage(tap, own, bytes), writeStage(tap, bytes), sendStage(sender, bytes)]) {
      for (const batch of BATCHES) table.push([stage.name, `${bytes} B`, batch, ...measure(stage, batch, rounds)]);
    }
  }
  console.log(
    `kernel ${readFileSync("/proc/sys/kernel/osrelease", "utf8").trim()}, Node ${process.version}, load ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]}`,
  );
  console.log(table.toString());
}

const rounds = readRounds();
let ring: Ring;
await runProgram("io-uring", main);
