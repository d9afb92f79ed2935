import { expect, test } from "vitest";
import { UsageError } from "../../../host/model/errors.ts";
import { checkName, randomName } from "../../../host/sandbox/names.ts";

test.each(["ab", "a.b", "A-1_x", "0a", "x".repeat(255)])("%s is a name", (name) => {
  expect(() => checkName(name)).not.toThrow();
});

test.each(["", "a", "-a", ".a", "_a", "a b", "a/b", "ä1", "a\n", "x".repeat(256)])("%j is none, as Docker has it", (name) => {
  expect(() => checkName(name)).toThrow(UsageError);
});

const bytes =
  (...values: number[]) =>
  () =>
    Uint8Array.from(values);

test("given names are names, and their randomness is passed in", () => {
  const one = randomName(bytes(0, 0, 0, 0), () => false);
  expect(one).toMatch(/^[a-z]+_[a-z]+$/);
  expect(() => checkName(one)).not.toThrow();
  expect(randomName(bytes(0, 0, 0, 0), () => false)).toBe(one);
  expect(randomName(bytes(0, 1, 0, 2), () => false)).not.toBe(one);
});

test("one that is taken gets a number", () => {
  const taken = new Set<string>();
  const next = () => {
    const name = randomName(bytes(9, 9, 9, 9), (candidate) => taken.has(candidate));
    taken.add(name);
    return name;
  };
  const [first, second, third] = [next(), next(), next()];
  expect([second, third]).toEqual([`${first}2`, `${first}3`]);
});
