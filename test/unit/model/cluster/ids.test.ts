import { expect, test } from "vitest";
import { newId, newLongId } from "../../../../host/model/cluster/ids.ts";

test("a short id has 25 characters of base 36", () => {
  for (let i = 0; i < 1000; i++) expect(newId()).toMatch(/^[0-9a-z]{25}$/);
});

test("a long id has 64 hex digits", () => {
  expect(newLongId()).toMatch(/^[0-9a-f]{64}$/);
});

test("no digit is likelier than another", () => {
  const counts = new Map<string, number>();
  const draws = 4000;
  for (let i = 0; i < draws; i++) for (const digit of newId()) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const mean = (draws * 25) / 36;
  // Five standard deviations: once in 50,000 runs for 36 digits.
  for (const count of counts.values()) expect(Math.abs(count - mean)).toBeLessThan(5 * Math.sqrt(mean));
});

test("bytes that would favour some digits are thrown away", () => {
  let calls = 0;
  const id = newId((bytes) => new Uint8Array(bytes).fill(calls++ === 0 ? 252 : 35));
  expect(id).toBe("z".repeat(25));
  expect(calls).toBe(2);
});

test("what is drawn decides the id", () => {
  expect(newLongId((bytes) => new Uint8Array(bytes).fill(1))).toBe("01".repeat(32));
});
