import { describe, expect, test } from "vitest";
import { jsonPieces, mapInPieces, PIECE, stringifyInPieces } from "../../../host/model/pieces.ts";
import fc from "../../oracle/property.ts";

const LONG = Array.from({ length: 10 * PIECE + 1 }, (_, at) => at);

/** How often anything else came to its turn while `work` went on. */
async function breaths(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  let ended = false;
  const look = () => {
    if (ended) return;
    count++;
    setImmediate(look);
  };
  setImmediate(look);
  await work();
  ended = true;
  return count;
}

test("a list is mapped in order, with a breath between pieces", async () => {
  expect(await mapInPieces(LONG, (item) => item * 2)).toEqual(LONG.map((item) => item * 2));
  expect(await mapInPieces([], () => 1)).toEqual([]);
  expect(await breaths(() => mapInPieces(LONG, String))).toBeGreaterThanOrEqual(9);
  expect(await breaths(() => mapInPieces(LONG.slice(0, PIECE), String))).toBeLessThanOrEqual(1);
});

describe("JSON", () => {
  test("is what JSON.stringify writes, whatever the value", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 8 }), async (value) => {
        expect(await stringifyInPieces(value)).toBe(JSON.stringify(value));
      }),
    );
    const odd = { gone: undefined, list: [undefined, null], long: [...LONG, undefined], deep: [[[[[[[{ a: [1] }]]]]]]] };
    expect(await stringifyInPieces(odd)).toBe(JSON.stringify(odd));
  });

  test("long lists and maps are several pieces, also some levels down", async () => {
    const map = Object.fromEntries(LONG.map((at) => [`key ${at}`, { at }]));
    const value = { found: [{ Containers: map, Verbose: { Endpoints: LONG } }], refused: [] };
    const pieces = [...jsonPieces(value)];
    expect(pieces.join("")).toBe(JSON.stringify(value));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
    expect(pieces.length).toBeGreaterThan(1);
    expect([...jsonPieces({ message: "short" })]).toEqual(['{"message":"short"}']);
    const large = { found: Array.from({ length: 20 }, () => value) };
    expect(await breaths(() => stringifyInPieces(large))).toBeGreaterThanOrEqual(5);
  });
});
