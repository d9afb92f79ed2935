import { expect, test } from "vitest";
import { exposition } from "../../../host/metrics/exposition.ts";
import { parseMetrics, total } from "../../../lab/metrics.ts";
import { sampleView } from "../view.ts";

test("drift, corrections and failures, and histograms with what lies above their last bound", async () => {
  const samples = parseMetrics(await exposition(sampleView()).text());
  const value = (name: string, labels = {}) => total(samples, name, labels);
  expect([value("weft_reconcile_drift"), value("weft_reconcile_corrections_total"), value("weft_control_failures")]).toEqual([0, 2, 1]);
  const buckets = ["0.01", "0.1", "+Inf"].map((le) => value("weft_convergence_seconds_bucket", { le }));
  expect(buckets).toEqual([5, 7, 8]);
  expect([value("weft_convergence_seconds_count"), value("weft_convergence_seconds_sum")]).toEqual([8, 0.5]);
  expect(value("weft_reconcile_seconds_bucket", { le: "+Inf" })).toBe(4);
});
