// The packet core without a kernel: N workers on one shared memory, each a counting twin of the built core, and the tables of one network, written as
// the agent writes them. Everything that decides a count is fixed (the hash key too), so that a run is repeated to the instruction.
//
//   worker w owns port w + 1, a container of MAC 02:00:00:00:01:ww; all talk to one container behind VTEP 1; eight VTEPs get floods

import { readFileSync } from "node:fs";
import * as abi from "../../assembly/abi/index.ts";
import { Entries } from "../../host/core/entries.ts";
import { writeFlood } from "../../host/core/flood.ts";
import { createMemory, workerBlock } from "../../host/core/layout.ts";
import { type Core, instantiate, loadCore } from "../../host/core/module.ts";
import { readCounters } from "../../host/core/read.ts";
import { Tables } from "../../host/core/tables.ts";
import { parseIp } from "../../host/model/ip.ts";
import { parseMac } from "../../host/model/mac.ts";
import { instrument } from "./instrument.ts";
import { Counter } from "./tally.ts";

export const NETWORK = 1;
export const VNI = 42;
export const PEERS = 8;
/** The container behind VTEP 1. */
export const REMOTE = { mac: "02:00:00:00:02:01", ip: "10.0.0.200" };
const MTU = 1450;
const DATA_PORT = 4789;
const HASH_KEY = 0x5a17_c0de_0dd5_eed1n;
const FDB_CAPACITY = 65_536;
const SOURCE_PORT = 61_000;

const CORE = new URL("../../build/core.wasm", import.meta.url);

/** The container that worker `worker` reads. */
export function local(worker: number): { mac: string; ip: string; port: number } {
  return { mac: `02:00:00:00:01:${worker.toString(16).padStart(2, "0")}`, ip: `10.0.0.${worker + 1}`, port: worker + 1 };
}

export function peerAddress(vtep: number): string {
  return `192.0.2.${vtep}`;
}

export interface Worker {
  index: number;
  core: Core;
  counter: Counter;
  /** Offset of its block. */
  block: number;
}

export class World {
  readonly memory: WebAssembly.Memory;
  readonly workers: Worker[];
  readonly view: DataView<ArrayBufferLike>;
  readonly bytes: Uint8Array<ArrayBufferLike>;

  constructor(count: number) {
    this.memory = createMemory({ workers: count, fdbCapacity: FDB_CAPACITY, addressCapacity: FDB_CAPACITY, features: abi.FEATURE_USO });
    this.view = new DataView(this.memory.buffer);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view.setBigUint64(abi.HEADER + abi.H_HASH_KEY, HASH_KEY, true);
    this.#fillTables(count);
    this.workers = Array.from({ length: count }, (_, index) => this.#startWorker(index));
  }

  #fillTables(count: number): void {
    const tables = new Tables(instantiate(loadCore(CORE), this.memory), this.memory, () => true);
    const entries = new Entries(this.memory);
    entries.setNetwork(NETWORK, {
      vni: VNI,
      flags: abi.NETWORK_LEARNING,
      mtu: MTU,
      tos: -1,
      ttl: 64,
      ageingSeconds: 300,
      learnedMax: FDB_CAPACITY,
    });
    entries.setOwnAddress(parseIp("192.0.2.100"));
    const vteps = Array.from({ length: PEERS }, (_, i) => i + 1);
    for (const vtep of vteps) {
      const address = parseIp(peerAddress(vtep));
      entries.setVtep(vtep, { family: 4, port: DATA_PORT, mtu: MTU, address });
      tables.setVtepAddress(address, vtep);
    }
    entries.setVtepNextHop(1, new Uint8Array(14).fill(2));
    writeFlood(this.memory, NETWORK, { vteps, ports: [], sources: vteps });
    const place = (mac: string, kind: "port" | "vtep", index: number) =>
      tables.setFdb(NETWORK, parseMac(mac), { kind, index, isStatic: false });
    place(REMOTE.mac, "vtep", 1);
    tables.setNeighbor(NETWORK, parseIp(REMOTE.ip), parseMac(REMOTE.mac));
    for (let worker = 0; worker < count; worker++) {
      const { mac, port } = local(worker);
      entries.setPort(port, { fd: port, owner: worker, network: NETWORK, mac: parseMac(mac) });
      place(mac, "port", port);
    }
  }

  #startWorker(index: number): Worker {
    const counter = new Counter();
    const core = counter.instantiate(countingCore(), { env: { memory: this.memory } }) as unknown as Core;
    if (core.attach(index) !== 0) throw new Error(`there is no worker ${index} in this memory`);
    const block = workerBlock(this.memory, index);
    for (let i = 0; i < abi.TX_SOCKETS; i++) this.view.setUint32(block + abi.W_SOURCE_PORTS + 4 * i, SOURCE_PORT + i, true);
    return { index, core, counter, block };
  }

  /** Time goes on by one tick, as the main thread says it. */
  nextTick(): void {
    const at = abi.HEADER + abi.H_TICK;
    this.view.setUint32(at, this.view.getUint32(at, true) + 1, true);
  }

  /** Whether a worker may inject superframes. */
  setInjection(worker: Worker, on: boolean): void {
    this.view.setUint32(worker.block + abi.W_INJECT, on ? 1 : 0, true);
  }

  /** A worker's counters, of the network and of frames that belong to none. */
  counters(worker: Worker): number[] {
    const rows = [0, NETWORK].map((network) => readCounters(this.memory, worker.index, network));
    return Array.from(rows[0], (value, i) => Number(value + rows[1][i]));
  }
}

let counting: WebAssembly.Module | undefined;

function countingCore(): WebAssembly.Module {
  counting ??= new WebAssembly.Module(instrument(readFileSync(CORE)) as Uint8Array<ArrayBuffer>);
  return counting;
}
