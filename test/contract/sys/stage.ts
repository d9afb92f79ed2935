// A shared memory laid out by hand, as small as the classes of host/sys allow: header, port table, VTEP table, one worker block.

import { H_GENERATION, H_PORT, H_VTEP, HEADER } from "../../../assembly/abi/layout.ts";
import { PAGE_BYTES, TX_BUFFER_BYTES } from "../../../assembly/abi/limits.ts";
import { P_STATE, PORT_BYTES, PORT_UP } from "../../../assembly/abi/port.ts";
import { V_ADDRESS, V_FAMILY, V_PORT, VTEP_BYTES } from "../../../assembly/abi/vtep.ts";
import * as w from "../../../assembly/abi/worker.ts";
import { familyOf, formatIp, parseIp } from "../../../host/model/ip.ts";
import { Region } from "../../../host/sys/memory.ts";

const PORTS = 65_536;
const VTEPS = PORTS + 4096 * PORT_BYTES;
const BLOCK = VTEPS + 4096 * VTEP_BYTES;

export interface Send {
  bytes: Uint8Array;
  vtep?: number;
  socket?: number;
  segmentBytes?: number;
  segments?: number;
  tos?: number;
  ttl?: number;
}

export interface Piece {
  offset: number;
  length: number;
}

export class Stage {
  readonly region: Region;
  readonly block: number;
  /** By port. */
  readonly descriptors = new Int32Array(4096).fill(-1);

  /** `block`: where the worker's block goes, if not right behind the tables. */
  constructor(region?: Region, block = BLOCK) {
    const pages = Math.ceil((BLOCK + w.WORKER_BYTES) / PAGE_BYTES);
    this.region = region ?? new Region(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
    this.block = block;
    this.set(HEADER + H_PORT, PORTS);
    this.set(HEADER + H_VTEP, VTEPS);
  }

  set(offset: number, value: number): void {
    this.region.words[offset >> 2] = value;
  }

  get(offset: number): number {
    return this.region.words[offset >> 2];
  }

  /** Writes an entry of the VTEP table, as the main thread does: readers notice by the generation. */
  vtep(index: number, address: string, port: number, family: number = familyOf(address)): void {
    const entry = VTEPS + index * VTEP_BYTES;
    this.region.bytes.set(parseIp(address), entry + V_ADDRESS);
    this.set(entry + V_PORT, port);
    this.set(entry + V_FAMILY, family);
    this.set(HEADER + H_GENERATION, this.get(HEADER + H_GENERATION) + 1);
  }

  port(index: number, fd: number, state = PORT_UP): void {
    this.descriptors[index] = fd;
    this.set(PORTS + index * PORT_BYTES + P_STATE, state);
  }

  /** Offset of the worker block's part. */
  at(part: number): number {
    return this.block + part;
  }

  /** Offset of a field of send i. */
  tx(i: number, field: number): number {
    return this.at(w.W_TX + i * w.TX_BYTES + field);
  }

  sends(list: readonly Send[]): void {
    for (const [i, send] of list.entries()) {
      const offset = this.at(w.W_TX_BUFFER + i * TX_BUFFER_BYTES);
      this.region.bytes.set(send.bytes, offset);
      const segmentBytes = send.segmentBytes ?? send.bytes.length;
      this.set(this.tx(i, w.T_OFFSET), offset);
      this.set(this.tx(i, w.T_LENGTH), send.bytes.length);
      this.set(this.tx(i, w.T_SEGMENT_BYTES), segmentBytes);
      this.set(this.tx(i, w.T_SEGMENTS), send.segments ?? Math.max(1, Math.ceil(send.bytes.length / segmentBytes)));
      this.set(this.tx(i, w.T_VTEP), send.vtep ?? 1);
      this.set(this.tx(i, w.T_SOCKET), send.socket ?? 0);
      this.set(this.tx(i, w.T_TOS), send.tos ?? 0);
      this.set(this.tx(i, w.T_TTL), send.ttl ?? 64);
      this.set(this.tx(i, w.T_DROPPED), -1);
      this.set(this.tx(i, w.T_REASON), -1);
    }
    this.set(this.at(w.W_TX_COUNT), list.length);
  }

  /** [T_DROPPED, T_REASON] of the first `count` sends. */
  sent(count: number): [dropped: number, reason: number][] {
    return Array.from({ length: count }, (_, i) => [this.get(this.tx(i, w.T_DROPPED)), this.get(this.tx(i, w.T_REASON))]);
  }

  received(i: number) {
    const field = (name: number) => this.get(this.at(w.W_RX + i * w.RX_BYTES + name));
    const offset = field(w.R_OFFSET);
    const length = field(w.R_LENGTH);
    return {
      offset,
      length,
      port: field(w.R_PORT),
      segmentBytes: field(w.R_SEGMENT_BYTES),
      tos: field(w.R_TOS),
      truncated: field(w.R_TRUNCATED),
      source: formatIp(this.region.bytes, this.at(w.W_RX + i * w.RX_BYTES + w.R_SOURCE)),
      bytes: this.region.bytes.slice(offset, offset + length),
    };
  }

  /** Write descriptor i: pieces to a port. */
  writes(list: readonly { port: number; pieces: readonly Piece[]; length?: number }[]): void {
    for (const [i, { port, pieces, length }] of list.entries()) {
      const at = this.at(w.W_WRITE + i * w.WRITE_BYTES);
      this.set(at + w.D_PORT, port);
      this.set(at + w.D_IOVS, pieces.length);
      this.set(at + w.D_LENGTH, length ?? pieces.reduce((sum, piece) => sum + piece.length, 0));
      this.set(at + w.D_REASON, -1);
      for (const [j, piece] of pieces.slice(0, 72).entries()) {
        this.set(at + w.D_IOV + j * w.IOV_BYTES, piece.offset);
        this.set(at + w.D_IOV + j * w.IOV_BYTES + 4, piece.length);
      }
    }
    this.set(this.at(w.W_WRITE_COUNT), list.length);
  }

  /** D_REASON of write i. */
  written(i = 0): number {
    return this.get(this.at(w.W_WRITE + i * w.WRITE_BYTES + w.D_REASON));
  }
}

/** Bytes that differ at every place where a mistake would shift them. */
export function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed * 101) & 0xff);
}
