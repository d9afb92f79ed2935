// Two hosts back to back: what a container's stack hands over on one comes out on the other as the same stream, whatever the TAP's superframes,
// the socket's trains and the merging made of it on the way.

import { describe, expect, test } from "vitest";
import { CoreHarness, type Datagram, type FromPort, type Send, type Write } from "../../oracle/core-harness.ts";
import { parseFrame } from "../../oracle/parse.ts";
import { Random, seed } from "../../oracle/random.ts";
import { fillChecksums, headerBytes, split } from "../../oracle/split.ts";
import { ACK, PSH, TCP, tcpFrame, u16, u32, udpFrame } from "../../oracle/wire.ts";
import { A, BLUE, BLUE_VNI, builds, C, IP4, IP6, interleave, standardWorld, VTEP1 } from "../../oracle/world.ts";

/** The other host: C is its port, A is behind its VTEP 1. */
function farWorld(build: string): CoreHarness {
  const harness = new CoreHarness({ build });
  harness.network(BLUE, { vni: BLUE_VNI });
  harness.port(1, BLUE, C);
  harness.vtep(1, VTEP1);
  harness.flood(BLUE, { ports: [1], vteps: [1] });
  harness.fdb(BLUE, C, "port", 1);
  harness.fdb(BLUE, A, "vtep", 1);
  return harness;
}

/** What the far socket reads of a send: with UDP_GRO one datagram, or each by itself. */
function receive(send: Send, gro: boolean): Datagram[] {
  if (!gro || send.segments.length === 1) return send.segments.map((bytes) => ({ bytes, source: VTEP1, tos: send.tos }));
  return [{ bytes: Buffer.concat(send.segments), source: VTEP1, tos: send.tos, segmentBytes: send.segmentBytes }];
}

/** The wire frames in a write. */
function wireFrames({ frame, vnet, frames }: Write): Uint8Array[] {
  const cut = frames > 1 ? split(frame, vnet.gsoSize) : [frame];
  expect(cut.length).toBe(frames);
  return cut;
}

const keyOf = (frame: Uint8Array) => {
  const { l3, l4, protocol } = parseFrame(frame);
  return `${frame[l3] >> 4} ${protocol} ${u16(frame, l4)}`;
};

/** The byte streams of a list of wire frames, by flow; a UDP flow keeps its datagrams apart. */
function streams(frames: Uint8Array[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const frame of frames) {
    const parsed = parseFrame(frame);
    const payload = Buffer.from(frame.subarray(headerBytes(frame, parsed), parsed.end)).toString("hex");
    const mark = parsed.protocol === TCP ? "" : "|";
    found.set(keyOf(frame), `${found.get(keyOf(frame)) ?? ""}${mark}${payload}`);
  }
  return found;
}

describe.each(builds)("$build: two hosts", ({ build }) => {
  test.each([true, false])(`streams arrive as they were sent (UDP_GRO %s, seed ${seed})`, (gro) => {
    const random = new Random();
    const near = standardWorld({ build });
    const far = farWorld(build);
    let merged = 0;
    for (let round = 0; round < 60; round++) {
      const flows = Array.from({ length: random.between(1, 5) }, (_, i) => anyStream(random, i + 1));
      const sent = interleave(random, flows);
      const { sends } = near.egress(sent);
      const { writes } = far.ingress(sends.flatMap((send) => receive(send, gro)));
      expect(writes.every(({ port }) => port === 1)).toBe(true);
      const expected = sent.flatMap(({ frame, vnet }) => (vnet?.gsoSize ? split(frame, vnet.gsoSize) : [finished(frame)]));
      const got = writes.flatMap(wireFrames);
      expect(streams(got)).toEqual(streams(expected));
      merged += writes.filter(({ frames }) => frames > 1).length;
      // Not only the payload: every wire frame but its IPv4 id.
      expect(got.map(withoutId).sort()).toEqual(expected.map(withoutId).sort());
    }
    expect(merged).toBeGreaterThan(30);
    const { sent: out } = near.takeFrames(BLUE);
    expect(far.takeFrames(BLUE)).toMatchObject({ received_underlay: out, delivered: out });
  });

  test("one large transfer keeps its superframes: as few writes as possible", () => {
    const near = standardWorld({ build });
    const far = farWorld(build);
    const mss = 1398;
    const payload = new Random(1).bytes(44 * mss);
    const frame = tcpFrame({ to: C, from: A }, IP4, { from: 1, to: 2, sequence: 9, flags: ACK | PSH, sum: "partial" }, payload);
    const vnet = { flags: 1, gsoType: 1, gsoSize: mss, csumStart: 34, csumOffset: 16, hdrLen: 54 };
    const { sends } = near.egress([{ port: 1, frame, vnet }]);
    expect(sends).toHaveLength(1);
    const { writes } = far.ingress(sends.flatMap((send) => receive(send, true)));
    expect(writes.map(({ frames }) => frames)).toEqual([44]);
    expect(Buffer.compare(writes[0].frame, frame)).toBe(0);
    expect(writes[0].vnet).toEqual(vnet);
  });
});

function finished(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  fillChecksums(copy);
  return copy;
}

function withoutId(frame: Uint8Array): string {
  const copy = Buffer.from(frame);
  if (parseFrame(frame).etherType === 0x0800) copy.fill(0, 18, 20).fill(0, 24, 26);
  return copy.toString("hex");
}

/** Superframes and single frames of one TCP or UDP flow, with partial or finished checksums. */
function anyStream(random: Random, port: number): FromPort[] {
  const header = random.pick([IP4, IP6]);
  const six = header === IP6;
  const isTcp = random.oneIn(2);
  const size = random.between(1, isTcp ? 1370 : 1390);
  let sequence = random.u32();
  return Array.from({ length: random.between(1, 12) }, (): FromPort => {
    const segments = random.oneIn(2) ? 1 : random.between(2, Math.min(40, Math.floor(60_000 / size)));
    const payload = random.bytes(segments === 1 ? random.between(1, size) : (segments - 1) * size + random.between(1, size));
    const sum = segments > 1 || random.oneIn(2) ? "partial" : "full";
    const link = { to: C, from: A };
    const csumStart = six ? 54 : 34;
    const partial = { flags: sum === "partial" ? 1 : 0, csumStart: sum === "partial" ? csumStart : 0, csumOffset: isTcp ? 16 : 6 };
    const gso = payload.length > size ? { gsoType: isTcp ? (six ? 4 : 1) : 5, gsoSize: size } : {};
    const frame = isTcp
      ? tcpFrame(link, header, { from: port, to: 80, sequence, flags: ACK | (random.oneIn(4) ? PSH : 0), sum }, payload)
      : udpFrame(link, header, { from: port, to: 80, sum }, payload);
    sequence = (sequence + payload.length) % 2 ** 32;
    expect(isTcp ? u32(frame, csumStart + 4) : sequence).toBeGreaterThanOrEqual(0);
    return { port: 1, frame, vnet: { ...partial, ...gso } };
  });
}
