// The shape of the sources: short files, functions that fit a screen, an opening comment that tells the theory, and words that have no
// place here. Aim at 150 lines a file; the ones above are printed for information, the ones above 400 fail.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { functions, imports, read, root, sources } from "../../scripts/sources.ts";
import { type Exceptions, exceptionFor, LOADS_KOFFI, LONG_FILES, LONG_FUNCTIONS, unused } from "./exceptions.ts";

const FILE_LINES_AIM = 150;
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

const everything = sources("assembly", "host", "lab", "bench", "scripts", "test");
const product = sources("assembly", "host");
const lines = (file: string) => read(file).trimEnd().split("\n").length;

/** Expects every broken path to be excepted, and every exception to be needed. */
function expectOnly(exceptions: Exceptions, broken: { path: string; text: string }[]): void {
  expect(broken.filter(({ path }) => !exceptionFor(exceptions, path)).map(({ text }) => text)).toEqual([]);
  expect(
    unused(
      exceptions,
      broken.map(({ path }) => path),
    ),
    "exceptions that nothing needs any more",
  ).toEqual([]);
}

describe("size", () => {
  test(`no file has more than ${FILE_LINES_MAX} lines`, () => {
    const sized = everything.map((file) => ({ file, count: lines(file) })).sort((a, b) => b.count - a.count);
    const large = sized.filter(({ file, count }) => count > FILE_LINES_AIM && !file.startsWith("test/"));
    if (large.length > 0)
      console.log(`files above the aim of ${FILE_LINES_AIM} lines: ${large.map(({ file, count }) => `${file} ${count}`).join(", ")}`);
    const broken = sized.filter(({ count }) => count > FILE_LINES_MAX);
    expectOnly(
      LONG_FILES,
      broken.map(({ file, count }) => ({ path: file, text: `${file}: ${count} lines` })),
    );
  });

  test(`no function has more than ${FUNCTION_LINES_MAX} lines`, () => {
    const broken = sources("assembly", "host", "lab", "scripts", "bench").flatMap((file) =>
      functions(file)
        .filter((entry) => entry.lines > FUNCTION_LINES_MAX)
        .map((entry) => ({ path: `${file}#${entry.name}`, text: `${file}:${entry.line}: ${entry.name} has ${entry.lines} lines` })),
    );
    expectOnly(LONG_FUNCTIONS, broken);
  });

  test("the scan sees functions as they are written here", () => {
    const text = "@inline\nexport function a(): void {\n}\nclass B { c(): void {} }\nconst d = () => {\n\n};\n";
    expect(functions("x.ts", text).map(({ name, lines, line }) => [name, line, lines])).toEqual([
      ["a", 2, 2],
      ["c", 4, 1],
      ["d", 5, 3],
    ]);
  });
});

test("every file of the core and the agent opens with a comment", () => {
  const silent = product.filter((file) => !/^(#!.*\n)?\/[/*]/.test(read(file)) && !/^export \* from/.test(read(file)));
  expect(silent).toEqual([]);
});

test("system calls are made in host/sys alone", () => {
  const loads = (file: string) => imports(file).some(({ specifier }) => specifier === "koffi");
  const others = everything.filter((file) => !file.startsWith("host/sys/") && loads(file));
  expect(others.filter((file) => !exceptionFor(LOADS_KOFFI, file))).toEqual([]);
  expect(unused(LOADS_KOFFI, others)).toEqual([]);
});

describe("words", () => {
  // Written in pieces, so that this file passes its own test.
  const banned: { word: RegExp; why: string }[] = [
    {
      word: new RegExp(`\\b(${["TO", "FIX"].map((start) => start + (start === "TO" ? "DO" : "ME")).join("|")}|XX${"X"})\\b`),
      why: "finish it, or file it",
    },
    { word: new RegExp(`(^|[\\s"'\`(=:])/(wo${"rk"}|ho${"me"}|Us${"ers"})/`), why: "a path of one machine" },
    {
      word: new RegExp(`regis${"try"}\\.[a-z]|npm${"js"}\\.|deb\\.deb${"ian"}\\.|mirr${"or"}s?\\.[a-z0-9.-]+\\.(?:com|net|org|io)\\b`),
      why: "a package server's host",
    },
  ];
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  const texts = listed.split("\0").filter((file) => file !== "" && !/\.(wasm|pcap|pcapng|png|bin)$/.test(file) && file !== "LICENSE");

  test.each(banned)("$why: $word", ({ word }) => {
    const found = texts.flatMap((file) => {
      let text: string;
      try {
        text = readFileSync(join(root, file), "utf8");
      } catch {
        return []; // listed by git, removed in the work tree
      }
      return text.split("\n").flatMap((line, index) => (word.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : []));
    });
    expect(found).toEqual([]);
  });
});
