import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { readFigures, writeFigures } from "../../../bench/figures-file.ts";

const schema = z.object({ version: z.literal(1), rows: z.array(z.object({ ms: z.number() })) });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-figures-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what was written is read, and its folder is made", () => {
  const file = join(folder, "deep", "figures.json");
  const figures = { version: 1, rows: [{ ms: 1 }, { ms: 2.5 }] };
  writeFigures(file, figures);
  expect(readFigures(file, schema)).toEqual(figures);
});

test.each([
  ["", "JSON"],
  ["{}", "not a file of results of this version: version: "],
  ["3", "not a file of results of this version: the whole: "],
  ['{"version":1,"rows":[{"ms":"1"}]}', "not a file of results of this version: rows.0.ms: "],
])("%j is refused in one line, with its place", (text, place) => {
  const file = join(folder, "figures.json");
  writeFileSync(file, text);
  const words = new RegExp(`^${file}: .*${place}.*$`);
  expect(() => readFigures(file, schema)).toThrow(words);
});

test("a file that is not there is named", () => {
  expect(() => readFigures(join(folder, "none"), schema)).toThrow(join(folder, "none"));
});
