import { expect, test } from "vitest";
import { Probe } from "../../oracle/probe.ts";
import { Random, seed } from "../../oracle/random.ts";

const probe = new Probe();
const valid = (options: Uint8Array) => {
  const at = probe.put(options, 1);
  return probe.call.ndOptionsValid(at, at + options.length);
};

/** RFC 4861 section 4.6, one option after another. */
function naive(options: Uint8Array): boolean {
  let at = 0;
  while (at < options.length) {
    if (options.length - at < 2 || options[at + 1] === 0) return false;
    at += options[at + 1] * 8;
  }
  return at === options.length;
}

test("no options, or whole ones", () => {
  expect(valid(new Uint8Array(0))).toBe(1);
  expect(valid(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0))).toBe(1);
  expect(valid(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 9, 2, ...new Uint8Array(14)))).toBe(1);
});

test("an option of no length, or beyond the end, or half a header", () => {
  expect(valid(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))).toBe(0);
  expect(valid(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0))).toBe(0);
  expect(valid(Uint8Array.of(1))).toBe(0);
  expect(valid(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 1))).toBe(0);
});

test(`any bytes, as the naive twin judges them (seed ${seed})`, () => {
  const random = new Random();
  for (let i = 0; i < 5000; i++) {
    const options = random.bytes(random.below(12) * (random.oneIn(3) ? 1 : 8));
    for (let at = 1; at < options.length; at += 8) options[at] %= 4;
    expect(valid(options)).toBe(naive(options) ? 1 : 0);
  }
});
