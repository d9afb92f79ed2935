import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Exits } from "../../../host/sandbox/exits.ts";

let directory: string;
let heard: string[];
let exits: Exits;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-exits-"));
  heard = [];
  exits = new Exits((id) => heard.push(id), 200);
});
afterEach(() => {
  exits.close();
  rmSync(directory, { recursive: true, force: true });
});

test("a file that appears is heard of at once", async () => {
  exits.close();
  exits = new Exits((id) => heard.push(id), 3_600_000);
  exits.watch("c1", directory);
  exits.watch("c1", directory);
  writeFileSync(join(directory, "exit"), "");
  await expect.poll(() => heard.length, { timeout: 1_000 }).toBeGreaterThan(0);
  expect(new Set(heard)).toEqual(new Set(["c1"]));
});

test("what cannot be watched is looked at now and then, until it is forgotten", async () => {
  exits.watch("c2", join(directory, "missing"));
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual(["c2"]);
  exits.forget("c2");
  exits.watch("c3", join(directory, "missing"));
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual(["c2", "c3"]);
});
