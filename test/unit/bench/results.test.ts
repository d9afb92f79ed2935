import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readResults } from "../../../bench/results.ts";
import { sampleResults } from "./results.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-results-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "results.json");
  writeFileSync(path, text);
  return path;
}

test("what was written is read", () => {
  const results = sampleResults();
  expect(readResults(file(JSON.stringify(results)))).toEqual(results);
});

test.each([
  ["", "JSON"],
  ["{}", "version"],
  [JSON.stringify({ ...sampleResults(), version: 1 }), "version"],
  [JSON.stringify(sampleResults({ background: ["busy"] as unknown as number[] })), "sections.0.background.0"],
])("%s is refused, and the place named", (text, place) => {
  expect(() => readResults(file(text))).toThrow(place);
  expect(() => readResults(file(text))).toThrow(join(folder, "results.json"));
});

test("a file that is not there is named", () => {
  expect(() => readResults(join(folder, "none"))).toThrow("none");
});
