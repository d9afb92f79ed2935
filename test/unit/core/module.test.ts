import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { createMemory } from "../../../host/core/layout.ts";
import { instantiate, loadCore } from "../../../host/core/module.ts";
import { OperationError } from "../../../host/model/errors.ts";

const layout = { workers: 1, fdbCapacity: 10, addressCapacity: 10, features: 0 };

describe("the packet core", () => {
  test.each(["core.wasm", "core.debug.wasm"])("%s fits this host", (build) => {
    const core = instantiate(loadCore(new URL(`../../../build/${build}`, import.meta.url)), createMemory(layout));
    expect(core.attach(0)).toBe(0);
    expect(core.attach(1)).toBe(1);
  });

  test("several instances on one memory share what lies in it", () => {
    const memory = createMemory(layout);
    const module = loadCore();
    const [one, two] = [instantiate(module, memory), instantiate(module, memory)];
    one.addressSet(1, 2n, 3n, 4n);
    expect(two.addressRemove(1, 2n, 3n)).toBe(4);
  });

  test("that is not there, or is none, is told with what to do", () => {
    const folder = mkdtempSync(join(tmpdir(), "weft-core-"));
    try {
      const none = pathToFileURL(join(folder, "core.wasm"));
      expect(() => loadCore(none)).toThrow(OperationError);
      expect(() => loadCore(none)).toThrow(/cannot be loaded from .*core\.wasm: run 'npm run build'/);
      writeFileSync(none, "no module");
      expect(() => loadCore(none)).toThrow(/cannot be loaded/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("of another ABI is refused by the name of what differs", () => {
    // The smallest module that imports the memory and exports nothing: every constant is missing.
    const bytes = [
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 18, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 0x80, 0x80, 2,
    ];
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    expect(() => instantiate(module, createMemory(layout))).toThrow(/built from another ABI \(\w+\): run 'npm run build'/);
  });
});
