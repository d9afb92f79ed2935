// Loads the packet core and makes instances of it. Every constant of assembly/abi is exported by the module and compared here with the
// one that this process reads, so that a core of another build is refused before it touches a frame. Any thread.

import { readFileSync } from "node:fs";
import * as abi from "../../assembly/abi/index.ts";
import { OperationError } from "../model/errors.ts";

/** The core's functions; assembly/index.ts has their docstrings. u64 parameters are bigint. */
export interface Core {
  attach(worker: number): number;
  wake(): number;
  rest(): number;
  egress(count: number): number;
  ingress(count: number): number;
  complete(): void;
  recover(): number;
  tellPathMtu(vtep: number): void;
  tellPortGone(port: number): void;
  /** Offset of the entry, 0 = absent. */
  fdbFind(network: number, mac: bigint): number;
  fdbTarget(entry: number): number;
  fdbSet(network: number, mac: bigint, target: number, tick: number): number;
  fdbRemove(network: number, mac: bigint): number;
  fdbAge(tick: number): number;
  fdbFlush(network: number, target: number): number;
  fdbRebuild(): void;
  /** The value with ADDRESS_PRESENT, 0n = absent. */
  addressFind(space: number, low: bigint, high: bigint): bigint;
  addressSet(space: number, low: bigint, high: bigint, value: bigint): number;
  addressRemove(space: number, low: bigint, high: bigint): number;
  addressRebuild(): void;
}

const RELEASE = new URL("../../build/core.wasm", import.meta.url);

/** Compiles the packet core. Throws OperationError when it has not been built. */
export function loadCore(file: URL = RELEASE): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(file));
  } catch (error) {
    throw new OperationError(`the packet core cannot be loaded from ${file.pathname}: run 'npm run build'`, { cause: error });
  }
}

/** An instance on shared memory. Throws OperationError when the module was built from another ABI. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Core {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  for (const [name, value] of Object.entries(abi)) {
    const found = exports[name];
    if (found instanceof WebAssembly.Global && found.value === value) continue;
    throw new OperationError(`the packet core was built from another ABI (${name}): run 'npm run build'`);
  }
  return exports as unknown as Core;
}
