import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { execPrefix } from "../../../host/sandbox/exec.ts";
import { aRecord } from "./a-record.ts";

/** What follows nsenter's part needs no namespace. */
const inside = (...command: string[]) => {
  const prefix = execPrefix(aRecord(), 1);
  const [program, ...words] = [...prefix.slice(prefix.indexOf("--") + 1), ...command];
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
};

test("a command gets the container's environment and working directory, and its words as they are", () => {
  expect(inside("env").trim().split("\n").sort()).toEqual(["A=b c", "PATH=/usr/bin:/bin", "PWD=/tmp"]);
  expect(inside("pwd")).toBe("/tmp\n");
  expect(inside("printf", "%s|", "a b", "", "$(x)", "'\"\n", "é")).toBe("a b||$(x)|'\"\n|é|");
});

test.each([
  ["nonesuch", 127],
  ["/tmp", 126],
  ["A=b", 127],
])("%s does not run: exit code %i", (command, status) => {
  expect(() => inside(command)).toThrow(expect.objectContaining({ status }));
});
