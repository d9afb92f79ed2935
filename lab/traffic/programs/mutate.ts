// A seeded source of frames that are nearly right: real ones, then bits flipped, bytes set to edges, cut short or drawn out; and some that are
// only noise. The same seed gives the same frames.

import * as frames from "../frames.ts";

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];
const NOISE_SHARE = 0.1;
const INTACT_SHARE = 0.1;
const CUT_SHARE = 0.2;
const DRAWN_OUT_SHARE = 0.2;
const CHANGES_MAX = 6;

/** mulberry32: small, fast, good enough to reach every branch. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ value < 2^32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  chance(share: number): boolean {
    return this.next() < share * 2 ** 32;
  }
}

const HERE = "02:42:0a:00:00:01";
const THERE = "02:42:0a:00:00:02";

function arp(operation: number, target: string): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]);
  const [here, there] = [frames.mac(HERE), frames.mac(THERE)];
  return Buffer.concat([head, there, Buffer.from([10, 0, 0, 2]), here, Buffer.from(target.split(".").map(Number))]);
}

function ipv6(next: number, payload: Uint8Array, destination = "fd000000000000000000000000000001"): Buffer {
  const header = Buffer.from(`60000000${"0000"}${"00"}ff${"fd000000000000000000000000000002"}${destination}`, "hex");
  header.writeUInt16BE(payload.length, 4);
  header[6] = next;
  return Buffer.concat([header, payload]);
}

function tcp(flags: number, payload: number): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32BE(0xc3500050, 0);
  header.writeUInt32BE(12345, 4);
  header[12] = 0x80;
  header[13] = flags;
  header.set([1, 1, 8, 10], 20);
  return Buffer.concat([header, Buffer.alloc(payload, 0x5a)]);
}

/** Frames that a container might really send, each from THERE. */
function seeds(): Buffer[] {
  const solicitation = Buffer.alloc(32);
  solicitation.set([135, 0], 0);
  solicitation.set([0xfd, ...Array(14).fill(0), 1], 8);
  solicitation.set([1, 1, ...frames.mac(THERE)], 24);
  const inner = [
    { type: frames.TYPE_ARP, to: frames.BROADCAST, packet: arp(1, "10.0.0.1") },
    { type: frames.TYPE_ARP, to: HERE, packet: arp(2, "10.0.0.1") },
    ...[1, 6, 17, 58, 253].map((protocol) => ({
      type: frames.TYPE_IPV4,
      to: HERE,
      packet: frames.ipv4("10.0.0.2", "10.0.0.1", protocol === 6 ? tcp(0x18, 600) : frames.udp(5000, 50_007, Buffer.alloc(200)), {
        protocol,
      }),
    })),
    { type: frames.TYPE_IPV4, to: HERE, packet: frames.ipv4("10.0.0.2", "10.0.0.1", tcp(0x10, 1380), { protocol: 6, tos: 2 }) },
    { type: 0x86dd, to: HERE, packet: ipv6(6, tcp(0x18, 900)) },
    { type: 0x86dd, to: HERE, packet: ipv6(17, frames.udp(5000, 50_007, Buffer.alloc(64))) },
    { type: 0x86dd, to: HERE, packet: ipv6(0, Buffer.concat([Buffer.from([17, 0, 5, 2, 0, 0, 1, 0]), Buffer.alloc(40)])) },
    { type: 0x86dd, to: HERE, packet: ipv6(44, Buffer.concat([Buffer.from([17, 0, 0, 1, 0, 0, 0, 9]), Buffer.alloc(80)])) },
    { type: 0x86dd, to: "33:33:ff:00:00:01", packet: ipv6(58, solicitation, "ff0200000000000000000001ff000001") },
    { type: 0x88cc, to: "01:80:c2:00:00:0e", packet: Buffer.alloc(60) },
    { type: frames.TYPE_EXPERIMENT, to: "02:00:00:00:99:99", packet: Buffer.alloc(60) },
  ];
  const plain = inner.map(({ type, to, packet }) => frames.ethernet(to, THERE, type, packet));
  return [...plain, frames.tagged(HERE, THERE, 7, frames.TYPE_IPV4, inner[3].packet)];
}

const SEEDS = seeds();

/** One frame of `least` to `most` bytes: a seed, mutated more or less, or noise. `prefix` bytes (an encapsulation) are mutated with it. */
export function nextFrame(random: Random, prefix: Buffer, least: number, most: number): Buffer {
  if (random.chance(NOISE_SHARE)) return noise(random, least + random.below(most - least + 1));
  const seed = SEEDS[random.below(SEEDS.length)];
  let frame = Buffer.concat([prefix, seed]);
  if (random.chance(0.5)) frame.writeUInt32BE(random.next(), prefix.length + 8); // Another source MAC each time.
  if (!random.chance(INTACT_SHARE)) {
    for (let changes = 1 + random.below(CHANGES_MAX); changes > 0; changes--) {
      // Headers are at the front: that is where a change means something.
      const at = random.below(random.chance(0.8) ? Math.min(frame.length, 96) : frame.length);
      if (random.chance(0.5)) frame[at] ^= 1 << random.below(8);
      else frame[at] = EDGES[random.below(EDGES.length)];
    }
  }
  const length = random.next() / 2 ** 32;
  if (length < CUT_SHARE) frame = frame.subarray(0, random.below(frame.length + 1));
  else if (length < CUT_SHARE + DRAWN_OUT_SHARE) frame = Buffer.concat([frame, noise(random, random.below(200))]);
  if (frame.length < least) frame = Buffer.concat([frame, noise(random, least - frame.length)]);
  return frame.subarray(0, most);
}

function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random.next();
  return bytes;
}
