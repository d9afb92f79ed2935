import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { readOptions } from "../../../../bench/cluster/options.ts";
import { PARTS } from "../../../../bench/cluster/parts/index.ts";
import { PART_NAMES } from "../../../../bench/cluster/parts/names.ts";
import { root } from "../../../../scripts/sources.ts";

test("every part has its name", () => {
  expect(PARTS.map(({ name }) => name)).toEqual([...PART_NAMES]);
});

test("short unless it is to be long; what is given goes before both", () => {
  const lengths = ({ kills, minutes, endpoints, seconds }: ReturnType<typeof readOptions>) => [kills, minutes, endpoints, seconds];
  expect(lengths(readOptions([]))).toEqual([5, 1, 30, 5]);
  expect(lengths(readOptions(["--full"]))).toEqual([20, 10, 100, 20]);
  expect(lengths(readOptions(["--full", "--kills", "3"]))).toEqual([3, 10, 100, 20]);
});

test("lists are in their own order", () => {
  const { sizes, agents, parts, followers } = readOptions([
    "--sizes",
    "300,20",
    "--agents",
    "5",
    "--parts",
    "store,death",
    "--followers",
    "none",
  ]);
  expect([sizes, agents, parts, followers]).toEqual([[20, 300], [5], ["death", "store"], []]);
});

describe("a bad value is refused in one line", () => {
  test.each([
    ["--parts", "death,wet", "--parts: wet is none of visible, death, size, fan-out, store"],
    ["--stores", "", "--stores: nothing is none of embedded, etcd, etcd3"],
    ["--kills", "0", "--kills 0: a whole number from 1 to 1000"],
    ["--sizes", "10,x", "--sizes x: a whole number from 1 to 250000"],
    ["--nothing", "", "Unknown option '--nothing'"],
  ])("%s %s", (flag, value, line) => {
    const { status, stderr } = spawnSync(process.execPath, ["bench/cluster/run.ts", flag, value], { cwd: root, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bench:cluster: .*\n$/);
    expect(stderr).toContain(line);
  });
});
