import { expect, test } from "vitest";
import { Rota, SAMPLE } from "../../../../host/cluster/probe/rota.ts";
import { Random, seed } from "../../../oracle/random.ts";

const names = (count: number, from = 0) => new Set(Array.from({ length: count }, (_, i) => `p${from + i}`));

function rotaOf(count: number): Rota {
  const random = new Random();
  const rota = new Rota(() => random.u32() / 2 ** 32);
  rota.set(names(count));
  return rota;
}

/** Whose turn it was in steps of 50 ms, by name: when. */
function turns(rota: Rota, from: number, to: number): Map<string, number[]> {
  const all = new Map<string, number[]>();
  for (let now = from; now < to; now += 50) for (const id of rota.due(now)) all.set(id, [...(all.get(id) ?? []), now]);
  return all;
}

test.each([1, 2, 7, SAMPLE])("each of %i has its turn once a second", (count) => {
  const all = turns(rotaOf(count), 0, 20_000);
  expect(all.size).toBe(count);
  for (const times of all.values()) {
    expect(Math.abs(times.length - 20)).toBeLessThanOrEqual(1);
    for (const [i, at] of times.entries()) if (i > 0) expect(Math.abs(at - times[i - 1] - 1000)).toBeLessThanOrEqual(50);
  }
});

test.each([33, 100, 1000])(`of %i so many as ${SAMPLE} have it each second, and all of them in a round (seed ${seed})`, (count) => {
  const rota = rotaOf(count);
  expect(rota.roundMs).toBe((count / SAMPLE) * 1000);
  const all = turns(rota, 0, 3 * rota.roundMs);
  expect(all.size).toBe(count);
  for (const times of all.values()) expect(times[1] - times[0]).toBeLessThanOrEqual(rota.roundMs + 50);
  expect([...all.values()].flat().length).toBeCloseTo(3 * count, -1);
});

test("nobody there, nobody due", () => {
  expect(rotaOf(0).due(1e6)).toEqual([]);
});

test("who comes, comes in somewhere; who goes is skipped; the others keep their order", () => {
  const rota = rotaOf(20);
  const order = (from: number) => [...turns(rota, from, from + 1200).keys()];
  const before = order(0);
  rota.set(new Set([...names(20), ...names(5, 100)].filter((id) => id !== "p3")));
  const after = order(2000);
  expect([...after].sort()).toEqual([...names(20), ...names(5, 100)].filter((id) => id !== "p3").sort());
  const kept = after.filter((id) => before.includes(id));
  const start = before.filter((id) => id !== "p3").indexOf(kept[0]);
  const expected = before.filter((id) => id !== "p3");
  expect(kept).toEqual([...expected.slice(start), ...expected.slice(0, start)]);
  rota.set(new Set());
  expect(rota.due(5000)).toEqual([]);
});

test("what a pause has missed is not made up for", () => {
  const rota = rotaOf(10);
  turns(rota, 0, 1000);
  expect(rota.due(60_000).length).toBe(1);
});
