import { expect, test } from "vitest";
import { UsageError } from "../../../host/model/errors.ts";
import { checkWish, environmentOf, hostnameOf } from "../../../host/sandbox/wish.ts";

test("the environment has Docker's defaults, and the last of a name counts", () => {
  const environment = environmentOf({ command: ["x"], environment: ["A=1", "HOME=/x", "A=2=3\n", "E="] }, "c1");
  expect(environment).toEqual([expect.stringMatching(/^PATH=.*\/usr\/bin/), "HOSTNAME=c1", "HOME=/x", "A=2=3\n", "E="]);
});

test("the host name is the short id", () => {
  expect(hostnameOf("0123456789abcdef".repeat(4))).toBe("0123456789ab");
});

test.each([
  [{ command: [] }, /nothing to run/],
  [{ command: [""] }, /nothing to run/],
  [{ command: ["a", "b\0c"] }, /zero byte/],
  [{ command: ["a"], environment: ["A=\0"] }, /zero byte/],
  [{ command: ["a"], environment: ["A"] }, /environment "A": expected NAME=VALUE/],
  [{ command: ["a"], environment: ["=b"] }, /expected NAME=VALUE/],
  [{ command: ["a"], workingDirectory: "tmp" }, /working directory "tmp": expected an absolute path/],
])("%j is refused", (wish, message) => {
  expect(() => checkWish(wish)).toThrow(UsageError);
  expect(() => checkWish(wish)).toThrow(message);
});

test("odd arguments are nobody's business", () => {
  expect(() =>
    checkWish({ command: ["a", "", " ", "\n", "'\"$(x)"], environment: ["A=", "B=\n"], workingDirectory: "/a b" }),
  ).not.toThrow();
});
