// Whole directions of the core, a batch a call: small frames out (encap) and in (decap), and segments that are merged on their way in. The twins
// do the same with plain objects: parse, look up in a Map, build or take off the header, copy.

import { RX_BUFFER_BYTES, RX_MAX, RX_UDP_HEADROOM } from "../../assembly/abi/limits.ts";
import { W_RX_BUFFER } from "../../assembly/abi/worker.ts";
import { type Arrival, merge } from "../../test/oracle/merge.ts";
import { parseFrame } from "../../test/oracle/parse.ts";
import { Random } from "../../test/oracle/random.ts";
import { u16, vxlan } from "../../test/oracle/wire.ts";
import { A, BLUE_VNI, C, datagram, small, standardWorld, tcpTo, train } from "../../test/oracle/world.ts";
import type { Case } from "./case.ts";

const macOf = (frame: Uint8Array, at: number) => u16(frame, at) * 2 ** 32 + u16(frame, at + 2) * 65536 + u16(frame, at + 4);
const FDB = new Map([
  [A, "port"],
  [C, "vtep"],
]);

/** 64 frames of one flow, or of as many flows as frames. */
function frames(to: number, from: number, bytes: number, flows: number): Uint8Array[] {
  return Array.from({ length: RX_MAX }, (_, i) => small(to, from, bytes - 28, undefined, { from: 1 + (i % flows), to: 9 }));
}

function encap(bytes: number, flows: number): Case {
  const harness = standardWorld();
  const batch = frames(C, A, bytes, flows);
  batch.forEach((frame, i) => {
    harness.placeFrame(i, { port: 1, frame });
  });
  const { core } = harness;
  return {
    name: "encap (egress)",
    size: `64 × ${bytes} B, ${flows === 1 ? "1 flow" : `${flows} flows`}`,
    frames: RX_MAX,
    bytes: RX_MAX * bytes,
    core: () => {
      core.egress(RX_MAX);
      core.complete();
    },
    twin: () => {
      const sends = new Map<string, Uint8Array[]>();
      for (const frame of batch) {
        const { reason, l4 } = parseFrame(frame);
        if (reason !== 0 || !FDB.has(macOf(frame, 6)) || FDB.get(macOf(frame, 0)) !== "vtep") continue;
        const key = `${macOf(frame, 0)} ${u16(frame, l4)}`;
        const send = sends.get(key);
        const packet = vxlan(BLUE_VNI, frame);
        if (send) send.push(packet);
        else sends.set(key, [packet]);
      }
      return sends;
    },
  };
}

function decap(bytes: number, flows: number): Case {
  const harness = standardWorld();
  const batch = frames(A, C, bytes, flows).map((frame) => datagram(frame));
  batch.forEach((one, i) => {
    harness.placeDatagram(i, one);
  });
  const { core } = harness;
  const bucketOf = (frame: Uint8Array) => u16(frame, 34);
  const heads = batch.map((one) => one.bytes.slice(0, 64));
  const at = harness.block + W_RX_BUFFER + RX_UDP_HEADROOM;
  return {
    name: "decap (ingress)",
    size: `64 × ${bytes} B, ${flows === 1 ? "1 flow" : `${flows} flows`}`,
    frames: RX_MAX,
    bytes: RX_MAX * bytes,
    core: () => {
      // A merge rewrites the headers of its first frame: they are put back before each call.
      for (let i = 0; i < flows; i++) harness.bytes.set(heads[i], at + i * RX_BUFFER_BYTES);
      core.ingress(RX_MAX);
      core.complete();
    },
    twin: () => {
      const arrivals: Arrival[] = [];
      for (const { bytes: packet } of batch) {
        if (packet[0] !== 8 || packet[6] !== BLUE_VNI) continue;
        const frame = packet.subarray(8);
        if (parseFrame(frame).reason === 0 && FDB.get(macOf(frame, 0)) === "port") arrivals.push({ port: 1, frame: frame.slice() });
      }
      return flows === RX_MAX ? arrivals : merge(arrivals, bucketOf);
    },
  };
}

function merging(): Case {
  const MSS = 1410;
  const SEGMENTS = 44;
  const harness = standardWorld();
  const payload = new Random(4).bytes(MSS * SEGMENTS);
  const segments = Array.from({ length: SEGMENTS }, (_, i) => tcpTo(A, C, payload.subarray(i * MSS, (i + 1) * MSS), 1 + i * MSS));
  const one = train(segments);
  harness.placeDatagram(0, one);
  const head = one.bytes.subarray(0, 64);
  const at = harness.block + W_RX_BUFFER + RX_UDP_HEADROOM;
  const arrivals = segments.map((frame) => ({ port: 1, frame }));
  return {
    name: "merge",
    size: "TCP, 44 × 1464 B",
    frames: SEGMENTS,
    bytes: payload.length,
    core: () => {
      harness.bytes.set(head, at);
      harness.core.ingress(1);
      harness.core.complete();
    },
    twin: () => merge(arrivals, () => 1),
  };
}

export function cases(): Case[] {
  return [encap(64, 1), encap(64, 64), encap(1450, 1), decap(64, 64), decap(64, 1), decap(1450, 64), merging()];
}
