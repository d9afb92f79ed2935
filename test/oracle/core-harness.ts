// The packet core with everything around it that the host would bring: memory, tables, buffers. Frames and datagrams go in, sends and writes come
// out as plain objects. After every step each descriptor is checked for what host/sys relies on (bounds, sizes) and every network's books
// (assembly/abi/counter.ts). No kernel, no threads.

import * as abi from "../../assembly/abi/index.ts";
import { Entries, type NetworkEntry } from "../../host/core/entries.ts";
import { type CoreEvent, EventRing } from "../../host/core/events.ts";
import { type FloodList, writeFlood } from "../../host/core/flood.ts";
import { createMemory, type LayoutOptions, workerBlock } from "../../host/core/layout.ts";
import { type Core, instantiate, loadCore } from "../../host/core/module.ts";
import { Tables, type Target } from "../../host/core/tables.ts";
import { parseIp } from "../../host/model/ip.ts";
import { countersOf } from "./counters.ts";
import { type Vnet, vnetOf } from "./vnet.ts";

/** The builds that every suite of the contract tier runs against. */
export const BUILDS = ["core.wasm", "core.debug.wasm"] as const;

export interface FromPort {
  port: number;
  frame: Uint8Array;
  vnet?: Partial<Vnet>;
  truncated?: boolean;
  /** Bytes of the descriptor, where they are not header + frame. */
  length?: number;
}

export interface Datagram {
  bytes: Uint8Array;
  /** Outer source address. */
  source?: string;
  segmentBytes?: number;
  tos?: number;
  truncated?: boolean;
}

export interface Send {
  vtep: number;
  network: number;
  socket: number;
  tos: number;
  ttl: number;
  segmentBytes: number;
  /** Each a VXLAN packet. */
  segments: Uint8Array[];
  /** A superframe that leaves whole: what is written to the underlay TAP, instead of segments, and the wire frames that it is cut into. */
  injected?: Uint8Array;
  frames: number;
}

export interface Write {
  port: number;
  network: number;
  frames: number;
  frameBytes: number;
  vnet: Vnet;
  frame: Uint8Array;
  iovs: [offset: number, length: number][];
}

export interface Output {
  sends: Send[];
  writes: Write[];
  /** Calls of the core that it took: one more than it paused. */
  calls: number;
}

/** What the host does with the descriptors; nothing said = all went. */
export interface Outcome {
  send?: (send: Send) => { dropped: number; reason: number } | undefined;
  /** 0 = delivered, else the drop reason. */
  write?: (write: Write) => number;
}

const NO_VNET: Vnet = { flags: 0, gsoType: 0, hdrLen: 0, gsoSize: 0, csumStart: 0, csumOffset: 0 };
const DEFAULT_SOURCE = "192.0.2.2";
/** Calls for one batch after which the core is said to hang. */
const CALLS_MAX = 100_000;

export interface HarnessOptions extends Partial<LayoutOptions> {
  /** A file in build/. */
  build?: string;
}

export class CoreHarness {
  readonly memory: WebAssembly.Memory;
  readonly tables: Tables;
  readonly entries: Entries;
  readonly module: WebAssembly.Module;
  /** Worker 0. */
  core: Core;
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly view: DataView<ArrayBufferLike>;
  readonly block: number;
  readonly #events: EventRing;
  readonly #networks = new Set([0]);
  readonly #taken = new Map<number, BigUint64Array>();
  readonly #addresses = new Map<string, Uint8Array>();

  constructor({ build = "core.wasm", ...layout }: HarnessOptions = {}) {
    this.memory = createMemory({ workers: 1, fdbCapacity: 512, addressCapacity: 512, features: abi.FEATURE_USO, ...layout });
    this.module = loadCore(new URL(`../../build/${build}`, import.meta.url));
    const writer = instantiate(this.module, this.memory);
    this.tables = new Tables(writer, this.memory, () => true);
    this.entries = new Entries(this.memory);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.block = workerBlock(this.memory, 0);
    this.#events = new EventRing(this.memory, 0);
    this.core = this.restart();
  }

  /** A new instance for worker 0, as after a trap. */
  restart(): Core {
    this.core = instantiate(this.module, this.memory);
    if (this.core.attach(0) !== 0) throw new Error("attach refused worker 0");
    return this.core;
  }

  network(index: number, entry: Partial<NetworkEntry> = {}): void {
    this.#networks.add(index);
    const defaults = { vni: index, flags: abi.NETWORK_LEARNING, mtu: 1450, tos: -1, ttl: 64, ageingSeconds: 300, learnedMax: 1000 };
    this.entries.setNetwork(index, { ...defaults, ...entry });
  }

  port(index: number, network: number, mac = 0x020000000000 + index): void {
    this.entries.setPort(index, { fd: index, owner: 0, network, mac });
  }

  /** A VTEP with its address in the table of outer addresses. */
  vtep(index: number, address: string, mtu = 1450): void {
    const bytes = parseIp(address);
    this.entries.setVtep(index, { family: address.includes(":") ? 6 : 4, port: 4789, mtu, address: bytes });
    this.tables.setVtepAddress(bytes, index);
  }

  flood(network: number, list: Partial<FloodList>): void {
    writeFlood(this.memory, network, { vteps: [], ports: [], sources: list.vteps ?? [], ...list });
  }

  fdb(network: number, mac: number, kind: Target["kind"], index: number, isStatic = true): void {
    this.tables.setFdb(network, mac, { kind, index, isStatic });
  }

  get tick(): number {
    return this.view.getUint32(abi.HEADER + abi.H_TICK, true);
  }

  set tick(value: number) {
    this.view.setUint32(abi.HEADER + abi.H_TICK, value, true);
  }

  events(): CoreEvent[] {
    return [...this.#events.take()];
  }

  /** Hands frames read from TAPs to the core, RX_MAX at a time. */
  egress(frames: FromPort[], outcome: Outcome = {}): Output {
    return this.#batches(
      frames,
      (frame, i) => this.placeFrame(i, frame),
      (count) => this.core.egress(count),
      outcome,
    );
  }

  /** Hands datagrams to the core, RX_MAX at a time. */
  ingress(datagrams: Datagram[], outcome: Outcome = {}): Output {
    return this.#batches(
      datagrams,
      (datagram, i) => this.placeDatagram(i, datagram),
      (count) => this.core.ingress(count),
      outcome,
    );
  }

  #batches<T>(items: T[], place: (item: T, index: number) => void, call: (count: number) => number, outcome: Outcome): Output {
    const output: Output = { sends: [], writes: [], calls: 0 };
    for (let at = 0; at < items.length; at += abi.RX_MAX) {
      const batch = items.slice(at, at + abi.RX_MAX);
      batch.forEach(place);
      for (let calls = 1; this.step(() => call(batch.length), outcome, output) !== 0; calls++) {
        if (calls > CALLS_MAX) throw new Error(`the core still pauses after ${CALLS_MAX} calls`);
      }
    }
    return output;
  }

  /** One call of the core with the host's part after it; what came out is added to `output`. Returns the call's answer. */
  step(call: () => number, outcome: Outcome, output: Output): number {
    const paused = call();
    output.calls++;
    this.#collect(outcome, output);
    this.core.complete();
    if (paused === 0 || !this.#isWaiting()) this.assertBooks();
    return paused;
  }

  /** A frame that was counted as received waits for its first place to go: the books are at rest again when it has gone. */
  #isWaiting(): boolean {
    const started = this.view.getUint32(this.block + abi.W_STARTED, true);
    return (started & abi.STARTED_COUNTED) !== 0 && (started & abi.STARTED_REPLICATED) === 0;
  }

  #rx(index: number): number {
    return this.block + abi.W_RX + index * abi.RX_BYTES;
  }

  placeFrame(index: number, { port, frame, vnet, truncated, length }: FromPort): void {
    const at = this.block + abi.W_RX_BUFFER + index * abi.RX_BUFFER_BYTES + abi.RX_TAP_HEADROOM;
    const rx = this.#rx(index);
    this.writeVnet(at, { ...NO_VNET, ...vnet });
    this.bytes.set(frame, at + 10);
    this.view.setUint32(rx + abi.R_OFFSET, at, true);
    this.view.setUint32(rx + abi.R_LENGTH, length ?? 10 + frame.length, true);
    this.view.setUint32(rx + abi.R_PORT, port, true);
    this.view.setUint32(rx + abi.R_TRUNCATED, truncated ? 1 : 0, true);
  }

  writeVnet(at: number, vnet: Vnet): void {
    this.view.setUint8(at, vnet.flags);
    this.view.setUint8(at + 1, vnet.gsoType);
    this.view.setUint16(at + 2, vnet.hdrLen, true);
    this.view.setUint16(at + 4, vnet.gsoSize, true);
    this.view.setUint16(at + 6, vnet.csumStart, true);
    this.view.setUint16(at + 8, vnet.csumOffset, true);
  }

  placeDatagram(index: number, { bytes, source = DEFAULT_SOURCE, segmentBytes, tos, truncated }: Datagram): void {
    const at = this.block + abi.W_RX_BUFFER + index * abi.RX_BUFFER_BYTES + abi.RX_UDP_HEADROOM;
    const rx = this.#rx(index);
    let address = this.#addresses.get(source);
    if (address === undefined) {
      address = parseIp(source);
      this.#addresses.set(source, address);
    }
    this.bytes.set(bytes, at);
    this.view.setUint32(rx + abi.R_OFFSET, at, true);
    this.view.setUint32(rx + abi.R_LENGTH, bytes.length, true);
    this.view.setUint32(rx + abi.R_SEGMENT_BYTES, segmentBytes ?? 0, true);
    this.view.setUint32(rx + abi.R_TOS, tos ?? 0, true);
    this.view.setUint32(rx + abi.R_TRUNCATED, truncated ? 1 : 0, true);
    this.bytes.set(address, rx + abi.R_SOURCE);
  }

  #collect(outcome: Outcome, output: Output): void {
    const sends = this.view.getUint32(this.block + abi.W_TX_COUNT, true);
    const writes = this.view.getUint32(this.block + abi.W_WRITE_COUNT, true);
    const replies = this.view.getUint32(this.block + abi.W_REPLY_COUNT, true);
    if (sends > abi.TX_MAX || writes > abi.WRITE_MAX || replies > abi.REPLY_MAX) {
      throw new Error(`more descriptors than there are: ${sends} sends, ${writes} writes, ${replies} replies`);
    }
    for (let i = 0; i < sends; i++) {
      const send = this.#readSend(i);
      const result = outcome.send?.(send);
      const at = this.block + abi.W_TX + i * abi.TX_BYTES;
      this.view.setUint32(at + abi.T_DROPPED, result?.dropped ?? 0, true);
      this.view.setUint32(at + abi.T_REASON, result?.reason ?? 0, true);
      output.sends.push(send);
    }
    for (let i = 0; i < writes; i++) {
      const write = this.#readWrite(i);
      this.view.setUint32(this.block + abi.W_WRITE + i * abi.WRITE_BYTES + abi.D_REASON, outcome.write?.(write) ?? 0, true);
      output.writes.push(write);
    }
  }

  #readSend(index: number): Send {
    const at = this.block + abi.W_TX + index * abi.TX_BYTES;
    const word = (offset: number) => this.view.getUint32(at + offset, true);
    const offset = word(abi.T_OFFSET);
    const length = word(abi.T_LENGTH);
    const count = word(abi.T_SEGMENTS);
    const segmentBytes = word(abi.T_SEGMENT_BYTES);
    const common = {
      vtep: word(abi.T_VTEP),
      network: word(abi.T_NETWORK),
      socket: word(abi.T_SOCKET),
      tos: word(abi.T_TOS),
      ttl: word(abi.T_TTL),
    };
    if (word(abi.T_INJECTED) !== 0) {
      this.#assertInReceiveBuffer(index, offset, length);
      return { ...common, segmentBytes, segments: [], injected: this.bytes.slice(offset, offset + length) as Uint8Array, frames: count };
    }
    if (offset !== this.block + abi.W_TX_BUFFER + index * abi.TX_BUFFER_BYTES) throw new Error(`send ${index} is not in its own buffer`);
    if (length > abi.TX_PAYLOAD_BYTES_MAX) throw new Error(`send ${index} has ${length} bytes`);
    if (count < 1 || count > abi.TX_SEGMENTS_MAX) throw new Error(`send ${index} has ${count} segments`);
    if (length <= (count - 1) * segmentBytes || length > count * segmentBytes) {
      throw new Error(`send ${index}: ${count} segments of ${segmentBytes} B are not ${length} B`);
    }
    const segments: Uint8Array[] = [];
    for (let from = 0; from < length; from += segmentBytes) {
      segments.push(this.bytes.slice(offset + from, offset + Math.min(length, from + segmentBytes)) as Uint8Array);
    }
    return { ...common, segmentBytes, segments, frames: count };
  }

  /** What is injected lies in one receive buffer. */
  #assertInReceiveBuffer(index: number, offset: number, length: number): void {
    const from = offset - this.block - abi.W_RX_BUFFER;
    const within = from >= 0 && length > 0 && (from % abi.RX_BUFFER_BYTES) + length <= abi.RX_BUFFER_BYTES;
    if (!within || from >= abi.RX_MAX * abi.RX_BUFFER_BYTES) throw new Error(`injected send ${index} is not in one receive buffer`);
  }

  #readWrite(index: number): Write {
    const at = this.block + abi.W_WRITE + index * abi.WRITE_BYTES;
    const word = (offset: number) => this.view.getUint32(at + offset, true);
    const count = word(abi.D_IOVS);
    const length = word(abi.D_LENGTH);
    if (count < 1 || count > abi.WRITE_IOVS_MAX) throw new Error(`write ${index} has ${count} gather entries`);
    const iovs: [number, number][] = [];
    let total = 0;
    for (let i = 0; i < count; i++) {
      const offset = word(abi.D_IOV + i * abi.IOV_BYTES);
      const bytes = word(abi.D_IOV + i * abi.IOV_BYTES + 4);
      this.#assertGatherable(index, at, offset, bytes);
      iovs.push([offset, bytes]);
      total += bytes;
    }
    if (total !== length) throw new Error(`write ${index} gathers ${total} B and claims ${length} B`);
    if (length < 10) throw new Error(`write ${index} has no virtio-net header`);
    const all = new Uint8Array(length);
    let to = 0;
    for (const [offset, bytes] of iovs) {
      all.set(this.bytes.subarray(offset, offset + bytes), to);
      to += bytes;
    }
    return {
      port: word(abi.D_PORT),
      network: word(abi.D_NETWORK),
      frames: word(abi.D_FRAMES),
      frameBytes: word(abi.D_FRAME_BYTES),
      vnet: vnetOf(all),
      frame: all.subarray(10),
      iovs,
    };
  }

  /** A gather entry lies in one receive buffer, one reply, or is the virtio-net header of its own descriptor. */
  #assertGatherable(index: number, write: number, offset: number, bytes: number): void {
    const within = (start: number, size: number, count: number) => {
      const from = offset - this.block - start;
      return from >= 0 && from + bytes <= size * count && Math.floor(from / size) === Math.floor((from + bytes - 1) / size);
    };
    if (offset === write + abi.D_VNET && bytes === 10) return;
    if (within(abi.W_RX_BUFFER, abi.RX_BUFFER_BYTES, abi.RX_MAX) || within(abi.W_REPLY, abi.REPLY_BYTES, abi.REPLY_MAX)) return;
    throw new Error(`write ${index} gathers ${bytes} B at ${offset - this.block} of the block, outside the receive and reply buffers`);
  }

  /** A network's row, by index. */
  row(network: number): BigUint64Array {
    const at = this.block + abi.W_COUNTERS + network * abi.COUNTER_ROW_BYTES;
    return new BigUint64Array(this.memory.buffer, at, abi.COUNTERS) as BigUint64Array;
  }

  /** Throws unless every network's books balance. */
  assertBooks(networks: Iterable<number> = this.#networks): void {
    for (const network of networks) {
      const row = this.row(network);
      const entered = row[abi.C_RECEIVED_PORT] + row[abi.C_RECEIVED_UNDERLAY] + row[abi.C_GENERATED] + row[abi.C_COPIES];
      let left = row[abi.C_DELIVERED] + row[abi.C_SENT] + row[abi.C_ANSWERED];
      for (let i = abi.C_DROPPED; i < abi.COUNTERS; i++) left += row[i];
      if (entered !== left) {
        throw new Error(`network ${network}: ${entered} frames came in, ${left} went out: ${JSON.stringify(countersOf(row))}`);
      }
    }
  }

  /** Throws unless the books of all networks balance, used ones or not. */
  assertAllBooks(): void {
    this.assertBooks(Array.from({ length: abi.NETWORKS_MAX }, (_, index) => index));
  }

  /** What a network's counters have grown by since the last call, without zeros. */
  take(network: number): Record<string, number> {
    const now = this.row(network).slice() as BigUint64Array;
    const before = this.#taken.get(network);
    this.#taken.set(network, now);
    return countersOf(now.map((value, i) => value - (before?.[i] ?? 0n)));
  }

  /** take() without bytes. */
  takeFrames(network: number): Record<string, number> {
    return Object.fromEntries(Object.entries(this.take(network)).filter(([name]) => !name.endsWith("_bytes")));
  }
}
