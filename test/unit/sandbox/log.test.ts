import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogLine } from "../../../host/model/cluster/answers.ts";
import { type LogOptions, readLog } from "../../../host/sandbox/log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.123456Z`;
const line = (second: number, text: string, stream = "stdout", kind = "F") => `${at(second)} ${stream} ${kind} ${text}\n`;
const write = (text: string) => appendFileSync(join(folder, "current"), text);
const rotate = () => renameSync(join(folder, "current"), join(folder, "previous"));

const OVER = { reached: () => true, promise: Promise.resolve() };

async function all(changes: Partial<LogOptions> = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const each of readLog(folder, { follow: false, tail: null, ...changes }, OVER)) lines.push(each);
  return lines;
}
const texts = async (changes: Partial<LogOptions> = {}) => (await all(changes)).map(({ log }) => log).join("");

test("no log is no lines", async () => {
  expect(await all()).toEqual([]);
  expect(await all({ follow: true, tail: 5 })).toEqual([]);
});

test("both files are read, as Docker's json-file has lines", async () => {
  write(line(1, "one") + line(2, " two  é ", "stderr"));
  rotate();
  write(line(3, "") + line(4, "cut", "stdout", "P") + line(4, " off"));
  expect(await all()).toEqual([
    { log: "one\n", stream: "stdout", time: at(1) },
    { log: " two  é \n", stream: "stderr", time: at(2) },
    { log: "\n", stream: "stdout", time: at(3) },
    { log: "cut", stream: "stdout", time: at(4) },
    { log: " off\n", stream: "stdout", time: at(4) },
  ]);
});

test("what is no line of a log, since a disk was full, is left out", async () => {
  write(`${line(1, "one")}half a li${line(2, "two")}\n${line(3, "three")}`);
  expect(await texts()).toBe("one\nthree\n");
});

test("the last lines", async () => {
  write(line(1, "one") + line(2, "two"));
  rotate();
  write(line(3, "three"));
  expect(await texts({ tail: 2 })).toBe("two\nthree\n");
  expect(await texts({ tail: 0 })).toBe("");
  expect(await texts({ tail: 9 })).toBe("one\ntwo\nthree\n");
});

test("a log larger than what is read at once", async () => {
  const numbers = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${"é".repeat(i % 50)}`);
  write(numbers.map((text) => line(1, text)).join(""));
  expect(await texts()).toBe(`${numbers.join("\n")}\n`);
  expect(await texts({ tail: 3 })).toBe(`${numbers.slice(-3).join("\n")}\n`);
});

/** A follower, and what it has read. */
function follow(changes: Partial<LogOptions> = {}) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let over = false;
  const end = () => {
    over = true;
    resolve();
  };
  const seen: string[] = [];
  const done = (async () => {
    for await (const { log } of readLog(folder, { follow: true, tail: null, ...changes }, { reached: () => over, promise })) seen.push(log);
  })();
  return { seen, end, done };
}

test("a follower hears what is written, over rotations, until the end", async () => {
  const { seen, end, done } = follow();
  write(line(1, "one"));
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["one\n"]);
  write(line(2, "two"));
  rotate();
  write(line(3, "three"));
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["one\n", "two\n", "three\n"]);
  write(line(4, "four").slice(0, 20));
  write(line(4, "four").slice(20) + line(5, "last"));
  end();
  await done;
  expect(seen.slice(3)).toEqual(["four\n", "last\n"]);
});

test("a follower that was overtaken goes on with what there still is", async () => {
  write(line(1, "one"));
  const { seen, end, done } = follow();
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["one\n"]);
  for (const text of ["lost", "three"]) {
    rotate();
    write(line(2, text));
  }
  rotate();
  write(line(3, "four"));
  end();
  await done;
  expect(seen).toEqual(["one\n", "three\n", "four\n"]);
});

test("a follower goes when nobody listens any more", async () => {
  const gone = new AbortController();
  writeFileSync(join(folder, "current"), line(1, "one") + line(2, "two"));
  const { seen, done } = follow({ tail: 1, gone: gone.signal });
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(["two\n"]);
  gone.abort();
  await done;
  const already = follow({ gone: gone.signal });
  await already.done;
  expect(already.seen).toEqual([]);
});
