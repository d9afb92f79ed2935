// The counts themselves are held by docs/scaling.md, which a style test compares with a fresh run. Here: that the counting says what it should.

import { beforeAll, describe, expect, test } from "vitest";
import { type Measured, measureAll } from "../../../../bench/scaling/measure.ts";
import { report, withBlock } from "../../../../bench/scaling/page.ts";

describe("the packet core, counted", () => {
  let measured: Measured[];
  beforeAll(() => {
    measured = measureAll([1, 3]);
  });

  const named = (part: string) => measured.find(({ name }) => name.includes(part)) as Measured;

  test("counts the same twice", () => {
    expect(measureAll([1, 3])).toEqual(measured);
  });

  test("a copied payload is loaded and stored once, an injected one not at all", () => {
    const { frames, cost } = named("1422 B out");
    expect(cost.bytesStored / frames).toBeGreaterThan(1464);
    expect(cost.bytesStored / frames).toBeLessThan(1464 + 256);
    const injected = named("injected");
    expect(injected.cost.bytesLoaded).toBeLessThan(1410);
    expect(injected.cost.sends).toBe(1);
  });

  test("merging verifies each byte and copies none", () => {
    const { frames, cost } = named("TCP 44 × 1410 B in, merged");
    expect(cost.bytesLoaded / frames).toBeGreaterThan(1410);
    expect(cost.bytesStored / frames).toBeLessThan(256);
    expect(cost.writes).toBe(1);
  });

  test("within a tick, workers write nothing outside their own blocks unless they learn", () => {
    for (const { name, steady } of measured) {
      const learns = name.includes("new MACs");
      for (const { written, contended, read } of steady) expect([name, written + contended + read > 0]).toEqual([name, learns]);
    }
  });

  test("the first batch of a tick marks the source's FDB entry; when all workers hear one source, they write one line", () => {
    expect(named("64 B in, 8 flows").firstOfTick).toMatchObject([
      { workers: 1, written: 1, contended: 0 },
      { workers: 3, written: 1, contended: 1, regions: ["FDB"] },
    ]);
    expect(named("64 B out, 1 flow").firstOfTick).toMatchObject([{ written: 1 }, { written: 3, contended: 0, regions: ["FDB"] }]);
  });

  test("the tables have a row for each batch, and go between the page's markers", () => {
    const page = "before\n<!-- scaling:begin (made) -->\nold\n<!-- scaling:end -->\nafter\n";
    const text = withBlock(page, measured);
    expect(text).toMatch(/^before\n<!-- scaling:begin \(made\) -->\n[\s\S]*<!-- scaling:end -->\nafter\n$/);
    expect(text).not.toContain("old");
    expect(withBlock(text, measured)).toBe(text);
    for (const { name } of measured) {
      expect(text.split(`| ${name} |`)).toHaveLength(3);
      expect(report(measured)).toContain(name);
    }
    expect(() => withBlock("no markers", measured)).toThrow(/no block/);
  });
});
