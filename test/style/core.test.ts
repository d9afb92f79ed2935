// Reads the built packet core: it owns no memory (no data segment), imports one shared memory and nothing else, exports exactly the
// functions of core-exports.txt, and every constant of assembly/abi as a global of the same value. The debug build has the same surface.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi/index.ts";
import { root } from "../../scripts/sources.ts";
import { shapeOf } from "./wasm.ts";

describe.each(["build/core.wasm", "build/core.debug.wasm"])("%s", (path) => {
  const bytes = readFileSync(join(root, path));
  const module = new WebAssembly.Module(bytes);
  const shape = shapeOf(bytes);

  test("has no data segment", () => {
    expect(shape.dataSegments).toBe(0);
  });

  test("imports one shared memory of at most 2 GiB and nothing else", () => {
    expect(shape.imports).toEqual(["env.memory"]);
    expect(shape.memory).toMatchObject({ shared: true, maximumPages: abi.MEMORY_BYTES_MAX / abi.PAGE_BYTES });
  });

  // A change of this surface is meant: then `npx vitest run --project style -u` rewrites the list.
  test("exports the functions of core-exports.txt", async () => {
    const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
    const names = functions.map(({ name }) => name).sort();
    await expect(`${names.join("\n")}\n`).toMatchFileSnapshot("core-exports.txt");
  });

  test("exports every constant of the ABI, and no other global", () => {
    const memory = new WebAssembly.Memory({
      initial: shape.memory?.initialPages ?? 1,
      maximum: shape.memory?.maximumPages ?? 1,
      shared: true,
    });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const globals = Object.entries(exports).filter(([, value]) => value instanceof WebAssembly.Global);
    // A constant beyond 2^31 comes out of an i32 global as a negative number.
    const values = globals.map(([name, value]) => [
      name,
      Number(BigInt.asUintN(64, BigInt((value as WebAssembly.Global).value)) & 0xffffffffn),
    ]);
    expect(Object.fromEntries(values)).toEqual(Object.fromEntries(Object.entries(abi)));
  });
});
