// The counting twin does what the module does, and its counts are those that one can make by hand.

import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { describe, expect, test } from "vitest";
import { instrument } from "../../../../bench/scaling/instrument.ts";
import { Counter, type Tally } from "../../../../bench/scaling/tally.ts";

const FUNCTIONS = `(module
  (import "env" "memory" (memory 1 1 shared))
  (func (export "sum") (param $at i32) (param $words i32) (result i64)
    (local $total i64)
    (loop $again
      (local.set $total (i64.add (local.get $total) (i64.load offset=64 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (local.tee $words (i32.sub (local.get $words) (i32.const 1)))))
    (local.get $total))
  (func (export "choose") (param $which i32) (result i32)
    (if (result i32) (local.get $which)
      (then (i32.const 1))
      (else (i32.store (i32.const 128) (i32.const 7)) (i32.const 2))))
  (func (export "leave") (param $early i32)
    (block $out
      (br_if $out (local.get $early))
      (i32.store8 (i32.const 256) (i32.const 1))
      (i32.store8 (i32.const 257) (i32.const 1))))
  (func (export "bulk")
    (memory.copy (i32.const 1000) (i32.const 2000) (i32.const 100))
    (memory.fill (i32.const 4096) (i32.const 5) (i32.const 64)))
  (func (export "atomic") (result i32)
    (i32.atomic.rmw.add offset=4 (i32.const 512) (i32.const 3)))
  (func (export "calls") (drop (call $one)) (drop (call $one)))
  (func $one (result i32) (i32.const 1)))`;

type Functions = Record<string, (...words: number[]) => unknown>;

function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  const binary = module.emitBinary();
  module.dispose();
  return binary as Uint8Array<ArrayBuffer>;
}

describe("a module by hand", () => {
  const twin = new WebAssembly.Module(instrument(assemble(FUNCTIONS)) as Uint8Array<ArrayBuffer>);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const counter = new Counter();
  const functions = counter.instantiate(twin, { env: { memory } }) as unknown as Functions;

  const call = (name: string, ...words: number[]): [unknown, Tally] => {
    let result: unknown;
    const tally = counter.during(() => {
      result = functions[name](...words);
    });
    return [result, tally];
  };

  test("a loop counts each round", () => {
    new BigUint64Array(memory.buffer).set([3n, 4n, 5n], 12);
    const [result, tally] = call("sum", 32, 3);
    expect(result).toBe(12n);
    // A round: set, add, get, load, get | set, add, get, const | br_if, tee, sub, get, const; behind the loop: get.
    expect(tally).toMatchObject({ instructions: 3 * 14 + 1, operations: 3 * 5, loads: 3, stores: 0, bytesLoaded: 24, bytesStored: 0 });
    // Bytes 96 to 119.
    expect([...tally.linesRead]).toEqual([1]);
  });

  test("only the branch that was taken counts", () => {
    expect(call("choose", 1)).toMatchObject([1, { instructions: 3, operations: 1, stores: 0 }]);
    const [result, tally] = call("choose", 0);
    expect(result).toBe(2);
    expect(tally).toMatchObject({ instructions: 6, operations: 2, stores: 1, bytesStored: 4 });
    expect([...tally.linesWritten]).toEqual([2]);
  });

  test("what a branch jumps over does not count", () => {
    expect(call("leave", 1)[1]).toMatchObject({ instructions: 2, stores: 0 });
    expect(call("leave", 0)[1]).toMatchObject({ instructions: 8, stores: 2, bytesStored: 2 });
  });

  test("bulk copies and fills touch every line between their ends", () => {
    const [, tally] = call("bulk");
    expect(tally).toMatchObject({ loads: 7, stores: 7 + 4, bytesLoaded: 100, bytesStored: 164 });
    expect([...tally.linesRead]).toEqual([31, 32]);
    expect([...tally.linesWritten]).toEqual([15, 16, 17, 64]);
    expect(new Uint8Array(memory.buffer, 4096, 65)).toEqual(Uint8Array.from([...Array(64).fill(5), 0]));
  });

  test("an atomic exchange reads and writes", () => {
    const [result, tally] = call("atomic");
    expect([result, new Int32Array(memory.buffer)[129]]).toEqual([0, 3]);
    expect(tally).toMatchObject({ loads: 1, stores: 1, bytesLoaded: 4, bytesStored: 4 });
    expect([[...tally.linesRead], [...tally.linesWritten]]).toEqual([[8], [8]]);
  });

  test("a called function counts where it is called", () => {
    expect(call("calls")[1]).toMatchObject({ instructions: 2 * (2 + 1), operations: 2 });
  });

  test("an access across a line's end touches both", () => {
    expect([...call("sum", 60 - 64 + 128, 1)[1].linesRead]).toEqual([2, 3]);
  });
});

test("a kind of expression that the table does not know is refused", () => {
  const text = `(module (memory 1) (func (export "grow") (result i32) (memory.grow (i32.const 0))))`;
  expect(() => instrument(assemble(text))).toThrow(/add its operands/);
});

test("the twin of the packet core has its exports, and imports nothing but memory and hooks", () => {
  const binary = readFileSync(new URL("../../../../build/core.wasm", import.meta.url));
  const [core, twin] = [new WebAssembly.Module(binary), new WebAssembly.Module(instrument(binary) as Uint8Array<ArrayBuffer>)];
  const names = (module: WebAssembly.Module) => WebAssembly.Module.exports(module).map(({ name }) => name);
  expect(names(twin).filter((name) => !name.startsWith("tally."))).toEqual(names(core));
  expect(new Set(WebAssembly.Module.imports(twin).map(({ module }) => module))).toEqual(new Set(["env", "tally"]));
});
