import { beforeEach, describe, expect, test } from "vitest";
import { RX_BUFFER_BYTES, RX_TAP_HEADROOM, RX_UDP_HEADROOM, WRITE_MAX } from "../../../assembly/abi/limits.ts";
import { PORT_CLOSING } from "../../../assembly/abi/port.ts";
import { D_VNET, RX_BYTES, W_REPLY, W_RX_BUFFER, W_WRITE, WRITE_BYTES } from "../../../assembly/abi/worker.ts";
import type { CoreHarness } from "../../oracle/core-harness.ts";
import { A, B, BLUE, BROADCAST, builds, C, datagram, hex, RED, small, standardWorld, superframe, train } from "../../oracle/world.ts";

describe.each(builds)("$build: a write to a TAP", ({ build }) => {
  let harness: CoreHarness;
  beforeEach(() => {
    harness = standardWorld({ build });
  });

  test("from port to port is one piece: the virtio-net header as it came and the frame behind it", () => {
    const vnet = { flags: 1, gsoType: 0, hdrLen: 42, gsoSize: 0, csumStart: 34, csumOffset: 6 };
    const [write] = harness.egress([{ port: 1, frame: small(B, A), vnet }]).writes;
    expect(write.iovs).toEqual([[harness.block + W_RX_BUFFER + RX_TAP_HEADROOM, 10 + 74]]);
    expect(write.vnet).toEqual(vnet);
  });

  test("from the underlay is the frame where it lies, with a header in place of the VXLAN header", () => {
    const { writes } = harness.ingress([datagram(small(B, C)), datagram(small(B, C, 9, undefined, { from: 9, to: 9 }))]);
    const frame = harness.block + W_RX_BUFFER + RX_UDP_HEADROOM + 8;
    expect(writes.map(({ iovs }) => iovs)).toEqual([[[frame - 10, 10 + 74]], [[frame + RX_BUFFER_BYTES - 10, 10 + 51]]]);
    expect(RX_BYTES).toBe(64);
  });

  test("of a later frame of a datagram has its header elsewhere: in front of it lies the frame before", () => {
    const two = [small(B, C), small(B, C, 32, undefined, { from: 9, to: 9 })];
    const { writes } = harness.ingress([train(two)]);
    const first = harness.block + W_RX_BUFFER + RX_UDP_HEADROOM + 8;
    expect(writes.map(({ iovs }) => iovs)).toEqual([
      [[first - 10, 10 + 74]],
      [
        [harness.block + W_WRITE + WRITE_BYTES + D_VNET, 10],
        [first + 74 + 8, 74],
      ],
    ]);
    expect(writes.map(({ frame }) => hex(frame))).toEqual(two.map(hex));
  });

  test("of an answer is a header of its own and the answer", () => {
    harness.vtep(1, "192.0.2.2", 600);
    const { writes } = harness.egress([1, 2].map(() => ({ port: 1, frame: small(C, A, 1000) })));
    expect(writes.map(({ iovs }) => iovs[1][0] - harness.block)).toEqual([W_REPLY, W_REPLY + 2048]);
  });

  test("never goes to a port of another network, even if a table says so", () => {
    harness.fdb(BLUE, 0x0200000000ee, "port", 3);
    harness.egress([{ port: 1, frame: small(0x0200000000ee, A) }]);
    harness.ingress([datagram(small(0x0200000000ee, C))]);
    harness.flood(BLUE, { ports: [1, 3], vteps: [1] });
    harness.ingress([datagram(small(BROADCAST, C))]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 1, received_underlay: 2, copies: 1, delivered: 1, drop_port_down: 3 });
    expect(harness.take(RED)).toEqual({});
  });

  test("to a closing port is a drop of every wire frame", () => {
    harness.entries.setPortState(2, PORT_CLOSING);
    harness.egress([{ port: 1, ...superframe({ to: B, from: A }, new Uint8Array(5000), 1000) }]);
    expect(harness.takeFrames(BLUE)).toEqual({ received_port: 5, drop_port_down: 5 });
  });

  test("many at once: the host writes in between, nothing is lost and order holds", () => {
    // 64 datagrams of 8 frames to changing ports that do not merge: more than there are descriptors.
    const datagrams = Array.from({ length: 64 }, (_, i) => {
      const frames = Array.from({ length: 8 }, (_, j) => small((i + j) % 2 === 0 ? A : B, C, 40, undefined, { from: i, to: j }));
      return { bytes: Buffer.concat(frames.map((frame) => datagram(frame).bytes)), source: "192.0.2.2", segmentBytes: 90, frames };
    });
    const { writes, calls } = harness.ingress(datagrams);
    const expected = datagrams.flatMap(({ frames }) => frames);
    expect(expected.length).toBeGreaterThan(WRITE_MAX);
    expect(calls).toBe(Math.ceil(expected.length / WRITE_MAX));
    expect(writes.map(({ frame }) => hex(frame))).toEqual(expected.map(hex));
    expect(harness.takeFrames(BLUE)).toEqual({ received_underlay: expected.length, delivered: expected.length });
  });

  test("merges go on after a pause with what came after it only", () => {
    const flood = Array.from({ length: 300 }, (_, i) => 10 + i);
    for (const port of flood) harness.port(port, BLUE);
    harness.flood(BLUE, { ports: flood, vteps: [1] });
    const segment = () => small(A, C, 100);
    const { writes } = harness.ingress([segment(), segment(), small(BROADCAST, C), segment(), segment()].map((frame) => datagram(frame)));
    expect(writes.filter(({ port }) => port === 1).map(({ frames }) => frames)).toEqual([2, 2]);
    expect(writes.filter(({ port }) => port !== 1)).toHaveLength(300);
  });
});
