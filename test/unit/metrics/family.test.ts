import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { addFamilies, histogramSamples } from "../../../host/metrics/family.ts";
import fc from "../../oracle/property.ts";
import { samplesOf } from "./text.ts";

test("a family is read at each scrape, and its labels are escaped", async () => {
  const register = new Registry();
  let count = 0;
  const samples = (seen: { label: string }) => [{ labels: { a: seen.label }, value: ++count }];
  addFamilies(register, [{ name: "x_total", help: "X.", type: "counter", samples }], () => ({ label: 'q"\\\n' }));
  expect(await register.metrics()).toBe('# HELP x_total X.\n# TYPE x_total counter\nx_total{a="q\\"\\\\\\n"} 1\n');
  expect(await register.metrics()).toContain("} 2\n");
});

test("the buckets of a histogram add up", () => {
  const bounds = [1, 2, 4];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...bounds), { maxLength: 50 }), (observed) => {
      const counts = bounds.map((bound) => observed.filter((value) => value === bound).length);
      const sum = observed.reduce((a, b) => a + b, 0);
      const samples = histogramSamples("h", { w: "0" }, bounds, counts, sum);
      const at = (le: string) => samples.find(({ labels }) => labels.le === le)?.value;
      for (const bound of bounds) expect(at(String(bound))).toBe(observed.filter((value) => value <= bound).length);
      expect(at("+Inf")).toBe(observed.length);
      expect(samples.find(({ metricName }) => metricName === "h_count")?.value).toBe(observed.length);
      expect(samples.find(({ metricName }) => metricName === "h_sum")?.value).toBe(sum);
    }),
  );
});

test("the test's own reader reads what it must", () => {
  expect(samplesOf('# HELP a b\na{b="c",d="e f"} 1.5\n\nn 2\n')).toEqual([
    { name: "a", labels: { b: "c", d: "e f" }, value: 1.5 },
    { name: "n", labels: {}, value: 2 },
  ]);
});
