import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { whole, wholes } from "../../../bench/command-line.ts";
import { root } from "../../../scripts/sources.ts";

test("whole numbers, alone and in lists", () => {
  expect([whole("--n", "0", 0), whole("--n", "7", 7, 7)]).toEqual([0, 7]);
  expect(wholes("--n", "300,20,5", 1, 300)).toEqual([5, 20, 300]);
});

test.each(["", "-1", "1.5", "x", "1e3", "0"])("%j is none from 1 on", (text) => {
  expect(() => whole("--n", text, 1)).toThrow(`--n ${text}: a whole number from 1 on`);
});

test("what is wrong in a list is named alone", () => {
  expect(() => wholes("--n", "5,301", 1, 300)).toThrow("--n 301: a whole number from 1 to 300");
});

const start = (file: string, word: string) => spawnSync(process.execPath, [`bench/${file}`, word], { cwd: root, encoding: "utf8" });

test.each([
  ["bench", "run.ts"],
  ["bench:memory", "memory/run.ts"],
  ["bench:scaling", "scaling/run.ts"],
  ["bench:soak", "soak/run.ts"],
  ["bench:stages", "stages/run.ts"],
])("%s refuses an unknown word in one line", (name, file) => {
  const { status, stdout, stderr } = start(file, "--nothing");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(new RegExp(`^${name}: Unknown option '--nothing'.*\n$`));
});

test("help is printed, and nothing else is done", () => {
  const { status, stdout, stderr } = start("soak/run.ts", "--help");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^npm run bench:soak [\s\S]*^ {2}--help$/m);
});
