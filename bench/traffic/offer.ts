// Runs inside a container: offers UDP datagrams at a rate, as often as it is told to. Arguments: FROM TO PORT. Standard input: a line of JSON a trial,
// { "payloads": [18, …], "ratePerSecond": 100000 | null, "seconds": 0.5 }; null = as many as it can. Prints `ready`, then a line of JSON a trial.
//
// Why not iperf3: it makes one system call and several looks at the clock for a datagram, and so uses up to half of a small machine; it cannot mix
// sizes; what is on its way when it ends it neither counts as lost nor as received. This sends up to 64 datagrams a system call
// (sendmmsg, without UDP_SEGMENT: each goes through the stack alone), and the receiving kernel counts (sink.ts).
//
// Payload sizes follow each other round and round. The sender sleeps when it is ahead, as short as the kernel lets it (some 100 µs). When
// it was held up, it catches up by no more than a burst: what it could not offer in time it does not offer.

import { createInterface } from "node:readline";
import { MSG_NOSIGNAL } from "../../host/sys/constants.ts";
import { errno, sendmmsg } from "../../host/sys/libc.ts";
import { Scratch } from "../../host/sys/memory.ts";
import { sockaddr } from "../../host/sys/sockaddr.ts";
import { openSender } from "../../host/sys/udp.ts";

export interface Offer {
  payloads: readonly number[];
  ratePerSecond: number | null;
  seconds: number;
}

export interface Offered {
  sent: number;
  seconds: number;
}

const BATCH = 64;
/** A sender that was held up for longer than this lets the rest go. */
const BURST_SECONDS = 0.001;
const NAP_MS = 0.05;
const EAGAIN = 11;
const PAYLOAD_MAX = 1472;
/** struct mmsghdr and struct iovec, in 4-byte words. */
const [MESSAGE_WORDS, IOV_WORDS] = [16, 4];

const [from, to, port] = process.argv.slice(2);
const socket = openSender({ address: from });
const target = sockaddr(4, to, Number(port));
const name = new Scratch(target.length);
name.bytes.set(target);
const payload = new Scratch(PAYLOAD_MAX);
payload.bytes.fill(0x77);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Messages of these sizes in order, at least a batch of them, to be sent from any of them on. */
function messages(payloads: readonly number[]): { scratch: Scratch; count: number } {
  const count = payloads.length * Math.ceil(BATCH / payloads.length);
  const iovAt = count * MESSAGE_WORDS;
  const scratch = new Scratch((iovAt + count * IOV_WORDS) * 4);
  for (let i = 0; i < count; i++) {
    const [message, iov] = [i * MESSAGE_WORDS, iovAt + i * IOV_WORDS];
    name.point(scratch.words, message, 0);
    scratch.words[message + 2] = target.length;
    scratch.point(scratch.words, message + 4, iov * 4);
    scratch.words[message + 6] = 1;
    payload.point(scratch.words, iov, 0);
    scratch.words[iov + 2] = payloads[i % payloads.length];
  }
  return { scratch, count };
}

function offer({ payloads, ratePerSecond, seconds }: Offer): Offered {
  const { scratch, count } = messages(payloads);
  const burst = ratePerSecond === null ? BATCH : Math.max(1, Math.ceil(ratePerSecond * BURST_SECONDS));
  const begin = performance.now();
  let [sent, skipped, cursor] = [0, 0, 0];
  for (;;) {
    const elapsed = (performance.now() - begin) / 1000;
    if (elapsed >= seconds) return { sent, seconds: elapsed };
    let due = BATCH;
    if (ratePerSecond !== null) {
      due = Math.floor(elapsed * ratePerSecond) + 1 - sent - skipped;
      if (due > burst) {
        skipped += due - burst;
        due = burst;
      }
    }
    if (due <= 0) {
      Atomics.wait(sleeper, 0, 0, NAP_MS);
      continue;
    }
    const result = sendmmsg(socket, scratch.base + cursor * MESSAGE_WORDS * 4, Math.min(due, BATCH, count - cursor), MSG_NOSIGNAL);
    if (result > 0) {
      sent += result;
      cursor = (cursor + result) % count;
    } else if (errno() !== EAGAIN) throw new Error(`sendmmsg to ${to}: errno ${errno()}`);
  }
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(offer(JSON.parse(line) as Offer)));
