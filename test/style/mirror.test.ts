// The test tree mirrors the sources: host/X/y.ts and assembly/X/y.ts each have an X/y.test.ts in test/unit, test/contract or test/netns. A file
// that only declares types or constants has nothing to run and needs none.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { functions, root, sources } from "../../scripts/sources.ts";
import { exceptionFor, unused, WITHOUT_TWIN } from "./exceptions.ts";

const TIERS = ["unit", "contract", "netns"];

/** Sources that run and have no test of their own name. */
function untested(): string[] {
  return sources("host", "assembly").filter((file) => {
    const twin = file.replace(/^(host|assembly)\//, "").replace(/\.ts$/, ".test.ts");
    return functions(file).length > 0 && !TIERS.some((tier) => existsSync(join(root, "test", tier, twin)));
  });
}

test("every source that runs has a test of its own name", () => {
  const missing = untested();
  expect(missing.filter((file) => !exceptionFor(WITHOUT_TWIN, file))).toEqual([]);
});

test("every exception is needed", () => {
  expect(unused(WITHOUT_TWIN, untested())).toEqual([]);
});
