import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { execPrefix } from "../../../host/sandbox/exec.ts";
import { aRecord } from "./a-record.ts";

/** What follows nsenter's part needs no namespace. */
const words = (command: readonly string[], environment = aRecord().environment) => {
  const prefix = execPrefix({ ...aRecord(), environment }, 1);
  return [...prefix.slice(prefix.indexOf("--") + 1), ...command];
};
const outputOf = ([program, ...rest]: string[]) => execFileSync(program, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const inside = (...command: string[]) => outputOf(words(command));

test("a command gets the container's environment and working directory, and its words as they are", () => {
  expect(inside("env").trim().split("\n").sort()).toEqual(["A=b c", "PATH=/usr/bin:/bin", "PWD=/tmp"]);
  expect(inside("pwd")).toBe("/tmp\n");
  expect(inside("printf", "%s|", "a b", "", "$(x)", "'\"\n", "é")).toBe("a b||$(x)|'\"\n|é|");
});

test("one that writes to a terminal has TERM=xterm, unless the container has another", () => {
  const onTerminal = (environment: string[]) => {
    const quoted = words(["sh", "-c", 'echo "<$TERM>"'], environment).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    return outputOf(["script", "-qec", quoted.join(" "), "/dev/null"]).trim();
  };
  expect(onTerminal(["PATH=/usr/bin:/bin"])).toBe("<xterm>");
  expect(onTerminal(["PATH=/usr/bin:/bin", "TERM=vt100"])).toBe("<vt100>");
});

test.each([
  ["nonesuch", 127],
  ["/tmp", 126],
  ["A=b", 127],
])("%s does not run: exit code %i", (command, status) => {
  expect(() => inside(command)).toThrow(expect.objectContaining({ status }));
});
