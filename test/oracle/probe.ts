// The inside of the packet core: build/probe.wasm (assembly/probe.ts) on a memory of its own. Tests put bytes into scratch space and pass
// addresses. Pointers and u32 are numbers, u64 bigint, bool 0 or 1.

import * as abi from "../../assembly/abi/index.ts";
import { createMemory, type LayoutOptions, workerBlock } from "../../host/core/layout.ts";
import { loadCore } from "../../host/core/module.ts";

type Wasm = Record<string, (...args: (number | bigint)[]) => number>;

export class Probe {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array<ArrayBufferLike>;
  readonly view: DataView<ArrayBufferLike>;
  readonly call: Wasm;
  readonly #exports: WebAssembly.Exports;
  /** Scratch: the packed arena of worker 0, 4 MiB that no function of the probe uses by itself. */
  readonly scratch: number;
  readonly block: number;

  constructor(layout: Partial<LayoutOptions> = {}) {
    this.memory = createMemory({ workers: 1, fdbCapacity: 512, addressCapacity: 512, features: abi.FEATURE_USO, ...layout });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.block = workerBlock(this.memory, 0);
    this.scratch = this.block + abi.W_TX_BUFFER;
    const module = loadCore(new URL("../../build/probe.wasm", import.meta.url));
    this.#exports = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports;
    this.call = this.#exports as unknown as Wasm;
    this.call.attach(0);
  }

  /** An exported variable, such as those that parse() sets. */
  global(name: string): number {
    return Number((this.#exports[name] as WebAssembly.Global).value);
  }

  /** Puts bytes into scratch space; returns their address. */
  put(bytes: Uint8Array, offset = 0): number {
    this.bytes.set(bytes, this.scratch + offset);
    return this.scratch + offset;
  }

  /** A copy. */
  get(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length) as Uint8Array;
  }

  /** A u64 result as it is meant (wasm's i64 are signed for JavaScript). */
  u64(name: string, ...args: (number | bigint)[]): bigint {
    return BigInt.asUintN(64, this.call[name](...args) as unknown as bigint);
  }
}
