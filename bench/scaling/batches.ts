// The named batches that are counted: what one worker is handed in one call, and what must become of it. A batch that fared otherwise than it says
// here is not counted but refused: a frame that is dropped early is always cheap.

import * as abi from "../../assembly/abi/index.ts";
import { parseIp } from "../../host/model/ip.ts";
import { RECEIVE_BATCH } from "../../host/sys/udp-receiver.ts";
import { BROADCAST, ethernet, mac, TYPE_ARP, TYPE_IPV4, vxlan } from "../../lab/traffic/frames.ts";
import { tcpPacket, udpPacket } from "../../lab/traffic/transport.ts";
import { local, PEERS, peerAddress, REMOTE, VNI, type Worker, type World } from "./world.ts";

export interface Batch {
  name: string;
  direction: "egress" | "ingress";
  /** Wire frames that come in with one batch (a superframe counts its segments), and descriptors that hold them. */
  frames: number;
  descriptors: number;
  /** Counters (C_* of assembly/abi/counter.ts, reasons as C_DROPPED + reason) by which the batch must raise the books. */
  outcome: Record<number, number>;
  /** Puts the batch where the host would have put it. */
  place(world: World, worker: Worker): void;
  /** Superframes may leave whole. */
  injected?: boolean;
}

/** Frames that one call takes from TAPs; datagrams come RECEIVE_BATCH a call. */
const COUNT = abi.RX_MAX;
/** The most that fits the overlay's MTU of 1450: UDP, TCP. */
const FULL = 1450 - 20 - 8;
const MSS = 1450 - 20 - 20;
const SEGMENTS = 44;
const VNET_BYTES = 10;
const NEEDS_CSUM = 1;
const GSO_TCPV4 = 1;
const CSUM_START = 34;
const TCP_CSUM_OFFSET = 16;
const TCP_HEADERS = 14 + 20 + 20;
const TYPE_ARP_REQUEST = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]);

/** A frame as a TAP gives it, in receive buffer `i`. */
function placeFrame(world: World, worker: Worker, i: number, frame: Uint8Array, gsoBytes = 0): void {
  const at = worker.block + abi.W_RX_BUFFER + i * abi.RX_BUFFER_BYTES + abi.RX_TAP_HEADROOM;
  const { view, bytes } = world;
  bytes.fill(0, at, at + VNET_BYTES);
  if (gsoBytes > 0) {
    view.setUint8(at, NEEDS_CSUM);
    view.setUint8(at + 1, GSO_TCPV4);
    view.setUint16(at + 2, TCP_HEADERS, true);
    view.setUint16(at + 4, gsoBytes, true);
    view.setUint16(at + 6, CSUM_START, true);
    view.setUint16(at + 8, TCP_CSUM_OFFSET, true);
  }
  bytes.set(frame, at + VNET_BYTES);
  describe(world, worker, i, at, VNET_BYTES + frame.length);
  view.setUint32(worker.block + abi.W_RX + i * abi.RX_BYTES + abi.R_PORT, local(worker.index).port, true);
}

/** A datagram from VTEP 1, in receive buffer `i`; `segmentBytes` when the kernel has merged several. */
function placeDatagram(world: World, worker: Worker, i: number, packet: Uint8Array, segmentBytes = 0): void {
  const at = worker.block + abi.W_RX_BUFFER + i * abi.RX_BUFFER_BYTES + abi.RX_UDP_HEADROOM;
  world.bytes.set(packet, at);
  describe(world, worker, i, at, packet.length);
  const rx = worker.block + abi.W_RX + i * abi.RX_BYTES;
  world.view.setUint32(rx + abi.R_SEGMENT_BYTES, segmentBytes, true);
  world.bytes.set(parseIp(peerAddress(1)), rx + abi.R_SOURCE);
}

function describe(world: World, worker: Worker, i: number, at: number, length: number): void {
  const rx = worker.block + abi.W_RX + i * abi.RX_BYTES;
  world.bytes.fill(0, rx, rx + abi.RX_BYTES);
  world.view.setUint32(rx + abi.R_OFFSET, at, true);
  world.view.setUint32(rx + abi.R_LENGTH, length, true);
}

/** Flow `flow` of a worker has ports of its own. */
function ports(worker: Worker, flow: number): { from: number; to: number } {
  return { from: 20_000 + 100 * worker.index + flow, to: 9 };
}

function udpOut(worker: Worker, flow: number, payloadBytes: number, destination = REMOTE.mac): Buffer {
  const { mac: source, ip } = local(worker.index);
  return ethernet(destination, source, TYPE_IPV4, udpPacket(ip, REMOTE.ip, ports(worker, flow), Buffer.alloc(payloadBytes, 0x5a)));
}

/** To the first worker's container, whichever worker got the flow: the case in which workers have most in common. */
function udpIn(worker: Worker, flow: number, payloadBytes: number, vni = VNI): Buffer {
  const { mac: destination, ip } = local(0);
  const packet = udpPacket(REMOTE.ip, ip, ports(worker, flow), Buffer.alloc(payloadBytes, 0x5a));
  return vxlan(vni, ethernet(destination, REMOTE.mac, TYPE_IPV4, packet));
}

function each(count: number, place: (i: number) => void): void {
  for (let i = 0; i < count; i++) place(i);
}

function udpEgress(payloadBytes: number, flows: number): Batch {
  return {
    name: `UDP ${payloadBytes} B out, ${flows === 1 ? "1 flow" : `${flows} flows`}`,
    direction: "egress",
    frames: COUNT,
    descriptors: COUNT,
    outcome: { [abi.C_RECEIVED_PORT]: COUNT, [abi.C_SENT]: COUNT },
    place: (world, worker) => each(COUNT, (i) => placeFrame(world, worker, i, udpOut(worker, i % flows, payloadBytes))),
  };
}

function udpIngress(payloadBytes: number): Batch {
  return {
    name: `UDP ${payloadBytes} B in, ${RECEIVE_BATCH} flows`,
    direction: "ingress",
    frames: RECEIVE_BATCH,
    descriptors: RECEIVE_BATCH,
    outcome: { [abi.C_RECEIVED_UNDERLAY]: RECEIVE_BATCH, [abi.C_DELIVERED]: RECEIVE_BATCH },
    place: (world, worker) => each(RECEIVE_BATCH, (i) => placeDatagram(world, worker, i, udpIn(worker, i, payloadBytes))),
  };
}

/** One flow, as UDP_GRO hands it over. */
function udpMerged(payloadBytes: number): Batch {
  return {
    name: `UDP ${payloadBytes} B in, 1 flow, merged`,
    direction: "ingress",
    frames: COUNT,
    descriptors: 1,
    outcome: { [abi.C_RECEIVED_UNDERLAY]: COUNT, [abi.C_DELIVERED]: COUNT, [abi.C_MERGED]: COUNT - 1 },
    place: (world, worker) => {
      const packet = udpIn(worker, 0, payloadBytes);
      placeDatagram(world, worker, 0, Buffer.concat(Array<Buffer>(COUNT).fill(packet)), packet.length);
    },
  };
}

function superframe(injected: boolean): Batch {
  return {
    name: `TCP superframe of ${SEGMENTS} × ${MSS} B out, ${injected ? "injected" : "cut"}`,
    direction: "egress",
    frames: SEGMENTS,
    descriptors: 1,
    outcome: { [abi.C_RECEIVED_PORT]: SEGMENTS, [abi.C_SENT]: SEGMENTS },
    injected,
    place: (world, worker) => {
      const { mac: source, ip } = local(worker.index);
      const segment = { ...ports(worker, 0), sequence: 1, partial: true };
      const frame = ethernet(REMOTE.mac, source, TYPE_IPV4, tcpPacket(ip, REMOTE.ip, segment, Buffer.alloc(SEGMENTS * MSS, 0x5a)));
      placeFrame(world, worker, 0, frame, MSS);
    },
  };
}

function merged(): Batch {
  return {
    name: `TCP ${SEGMENTS} × ${MSS} B in, merged`,
    direction: "ingress",
    frames: SEGMENTS,
    descriptors: 1,
    outcome: { [abi.C_RECEIVED_UNDERLAY]: SEGMENTS, [abi.C_DELIVERED]: SEGMENTS, [abi.C_MERGED]: SEGMENTS - 1 },
    place: (world, worker) => {
      const { mac: destination, ip } = local(0);
      const packets = Array.from({ length: SEGMENTS }, (_, i) => {
        const segment = { ...ports(worker, 0), sequence: 1 + i * MSS };
        const packet = tcpPacket(REMOTE.ip, ip, segment, Buffer.alloc(MSS, 0x5a));
        return vxlan(VNI, ethernet(destination, REMOTE.mac, TYPE_IPV4, packet));
      });
      placeDatagram(world, worker, 0, Buffer.concat(packets), packets[0].length);
    },
  };
}

function arpAnswered(): Batch {
  return {
    name: "ARP request, answered",
    direction: "egress",
    frames: COUNT,
    descriptors: COUNT,
    outcome: { [abi.C_RECEIVED_PORT]: COUNT, [abi.C_ANSWERED]: COUNT, [abi.C_GENERATED]: COUNT, [abi.C_DELIVERED]: COUNT },
    place: (world, worker) => {
      const { mac: sender, ip } = local(worker.index);
      const body = Buffer.concat([TYPE_ARP_REQUEST, mac(sender), address(ip), Buffer.alloc(6), address(REMOTE.ip)]);
      each(COUNT, (i) => placeFrame(world, worker, i, ethernet(BROADCAST, sender, TYPE_ARP, body)));
    },
  };
}

function address(ip: string): Buffer {
  return Buffer.from(ip.split(".").map(Number));
}

function flooded(): Batch {
  return {
    name: `UDP 64 B broadcast to ${PEERS} peers`,
    direction: "egress",
    frames: COUNT,
    descriptors: COUNT,
    outcome: { [abi.C_RECEIVED_PORT]: COUNT, [abi.C_COPIES]: COUNT * (PEERS - 1), [abi.C_SENT]: COUNT * PEERS },
    place: (world, worker) => each(COUNT, (i) => placeFrame(world, worker, i, udpOut(worker, 0, 64, BROADCAST))),
  };
}

function unknownVni(): Batch {
  return {
    name: "unknown VNI in, dropped",
    direction: "ingress",
    frames: RECEIVE_BATCH,
    descriptors: RECEIVE_BATCH,
    outcome: { [abi.C_RECEIVED_UNDERLAY]: RECEIVE_BATCH, [abi.C_DROPPED + abi.DROP_VXLAN_VNI_NOT_FOUND]: RECEIVE_BATCH },
    place: (world, worker) => each(RECEIVE_BATCH, (i) => placeDatagram(world, worker, i, udpIn(worker, i, 64, VNI + 1))),
  };
}

/** Every frame from a MAC address that is not in the FDB: the workers tell the main thread. */
function learning(): Batch {
  return {
    name: `UDP 64 B out from ${COUNT} new MACs`,
    direction: "egress",
    frames: COUNT,
    descriptors: COUNT,
    outcome: { [abi.C_RECEIVED_PORT]: COUNT, [abi.C_SENT]: COUNT },
    place: (world, worker) =>
      each(COUNT, (i) => {
        const frame = udpOut(worker, i, 64);
        frame.set([2, 0, 0, 9, worker.index, i], 6);
        placeFrame(world, worker, i, frame);
      }),
  };
}

export const BATCHES: readonly Batch[] = [
  udpEgress(64, 1),
  udpEgress(64, COUNT),
  udpIngress(64),
  udpMerged(64),
  udpEgress(FULL, 1),
  udpIngress(FULL),
  superframe(false),
  superframe(true),
  merged(),
  arpAnswered(),
  flooded(),
  unknownVni(),
  learning(),
];
