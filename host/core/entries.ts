// Entries by index: networks, ports, VTEPs. An entry is written whole and becomes visible by its last store. Main thread only; whoever
// frees an index must let a grace period pass before it is used again.

import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "./layout.ts";

export interface NetworkEntry {
  vni: number;
  /** NETWORK_* bits of assembly/abi/network.ts, without NETWORK_LIVE. */
  flags: number;
  /** Inner IP MTU in bytes. */
  mtu: number;
  /** Outer TOS byte, or -1 to inherit. */
  tos: number;
  /** Outer TTL, or -1 to inherit. */
  ttl: number;
  ageingSeconds: number;
  /** Learned FDB entries allowed. */
  learnedMax: number;
}

export interface PortEntry {
  fd: number;
  /** Worker that reads it. */
  owner: number;
  network: number;
  mac: number;
}

export interface VtepEntry {
  family: 4 | 6;
  port: number;
  /** Largest inner IP packet that fits the path, in bytes. */
  mtu: number;
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  address: Uint8Array;
}

/** Views of the three regions. */
export class Entries {
  /**
   * The TAP's file descriptor of each port, -1 = none. Workers share it (any may write to any port), but it is outside the core's memory: a core gone
   * wild reaches a TAP at worst, and no other file of the process.
   */
  readonly descriptors = new Int32Array(new SharedArrayBuffer(4 * abi.PORTS_MAX)).fill(-1);
  readonly #memory: WebAssembly.Memory;
  readonly #buffer: ArrayBufferLike;
  readonly #header: Uint32Array<ArrayBufferLike>;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.#header = new Uint32Array(memory.buffer, abi.HEADER);
  }

  #row(region: number, index: number, bytes: number): Int32Array<ArrayBufferLike> {
    return new Int32Array(this.#buffer, this.#header[region / 4] + index * bytes, bytes / 4);
  }

  network(index: number): Int32Array<ArrayBufferLike> {
    return this.#row(abi.H_NETWORK, index, abi.NETWORK_BYTES);
  }

  port(index: number): Int32Array<ArrayBufferLike> {
    return this.#row(abi.H_PORT, index, abi.PORT_BYTES);
  }

  vtep(index: number): Int32Array<ArrayBufferLike> {
    return this.#row(abi.H_VTEP, index, abi.VTEP_BYTES);
  }

  setNetwork(index: number, entry: NetworkEntry): void {
    const row = this.network(index);
    row[abi.N_VNI / 4] = entry.vni;
    row[abi.N_MTU / 4] = entry.mtu;
    row[abi.N_TOS / 4] = entry.tos;
    row[abi.N_TTL / 4] = entry.ttl;
    row[abi.N_AGEING / 4] = Math.ceil((entry.ageingSeconds * 1000) / abi.TICK_MS);
    row[abi.N_LEARNED_MAX / 4] = entry.learnedMax;
    row[abi.N_FLAGS / 4] = entry.flags | abi.NETWORK_LIVE;
    Atomics.store(this.#vnis(), entry.vni, index);
  }

  /** Frames of its VNI no longer find it. Workers may be busy with some that did. */
  unmapNetwork(index: number): void {
    const map = this.#vnis();
    const vni = this.network(index)[abi.N_VNI / 4];
    if (map[vni] === index) Atomics.store(map, vni, 0);
  }

  /** Network index of a VNI, 0 = none. */
  networkOfVni(vni: number): number {
    return this.#vnis()[vni];
  }

  /** Forgets a network that no worker uses any more: its row, and both copies of its flood list. */
  clearNetwork(index: number): void {
    this.network(index).fill(0);
    const at = this.#header[abi.H_FLOOD / 4] + index * 2 * abi.FLOOD_BYTES;
    new Uint8Array(this.#buffer, at, 2 * abi.FLOOD_BYTES).fill(0);
  }

  #vnis(): Uint16Array<ArrayBufferLike> {
    return new Uint16Array(this.#buffer, this.#header[abi.H_VNI / 4], abi.VNI_MAX + 1);
  }

  setPort(index: number, entry: PortEntry): void {
    const row = this.port(index);
    this.descriptors[index] = entry.fd;
    row[abi.P_OWNER / 4] = entry.owner;
    row[abi.P_NETWORK / 4] = entry.network;
    row[abi.P_MAC / 4] = entry.mac % 2 ** 32;
    row[abi.P_MAC / 4 + 1] = Math.floor(entry.mac / 2 ** 32);
    Atomics.store(row, abi.P_STATE / 4, abi.PORT_UP);
  }

  setPortState(index: number, state: number): void {
    if (state === abi.PORT_FREE) this.descriptors[index] = -1;
    Atomics.store(this.port(index), abi.P_STATE / 4, state);
  }

  /** Leaves it suspended if it is. */
  setVtep(index: number, entry: VtepEntry): void {
    const row = this.vtep(index);
    row[abi.V_PORT / 4] = entry.port;
    row[abi.V_MTU / 4] = entry.mtu;
    new Uint8Array(row.buffer, row.byteOffset + abi.V_ADDRESS, 16).set(entry.address);
    Atomics.store(row, abi.V_FAMILY / 4, entry.family);
  }

  /** Forgets a VTEP that no worker uses any more. */
  clearVtep(index: number): void {
    this.vtep(index).fill(0);
  }

  /** 14 bytes of outer Ethernet header, or null: no injection; `what`: INJECT_*. Readers may be using the old ones: the caller lets a grace period pass in between. */
  setVtepNextHop(index: number, header: Uint8Array | null, what: number = abi.INJECT_ALL): void {
    const row = this.vtep(index);
    if (header) new Uint8Array(row.buffer, row.byteOffset + abi.V_NEXT_HOP, 14).set(header);
    Atomics.store(row, abi.V_INJECT / 4, header ? what : abi.INJECT_NOTHING);
  }

  /** A worker whose TAP refused a superframe may try again. */
  allowInjection(worker: number): void {
    Atomics.store(new Int32Array(this.#buffer, workerBlock(this.#memory, worker) + abi.W_INJECT, 1), 0, 1);
  }

  /** This host's own VTEP address, 16 bytes: the source of what is injected. */
  setOwnAddress(address: Uint8Array): void {
    new Uint8Array(this.#buffer, abi.HEADER + abi.H_OWN, 16).set(address);
  }

  setVtepMtu(index: number, mtu: number): void {
    Atomics.store(this.vtep(index), abi.V_MTU / 4, mtu);
  }

  /** From now on nothing but probes is sent there, or everything again. Workers see it with the next frame. */
  setVtepSuspended(index: number, suspended: boolean): void {
    Atomics.store(this.vtep(index), abi.V_SUSPENDED / 4, suspended ? 1 : 0);
  }
}
