import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { exposition } from "../../../host/metrics/exposition.ts";
import { VERSION } from "../../../host/model/version.ts";
import { sampleProbes, sampleView } from "../view.ts";
import { pick, samplesOf, total } from "./text.ts";

test("promtool check metrics has nothing to say", async () => {
  const input = await exposition(sampleView(), sampleProbes()).text();
  const { error, stdout, stderr, status } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8", timeout: 20000 });
  if (error !== undefined) throw new Error(`promtool cannot be run (${error.message}): install Debian's package prometheus`);
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
});

test("promtool finds what is wrong, so its silence means something", () => {
  const { error, status } = spawnSync("promtool", ["check", "metrics"], { input: "# TYPE a_total gauge\na_total 1\n", encoding: "utf8" });
  if (error !== undefined) throw new Error(`promtool cannot be run (${error.message}): install Debian's package prometheus`);
  expect(status).not.toBe(0);
});

test("every family of ours has a help text, and its samples stand once", async () => {
  const text = await exposition(sampleView(), sampleProbes()).text();
  const ours = [...text.matchAll(/^# HELP (weft_\w+) (.+)$/gm)];
  expect(ours.length).toBeGreaterThan(20);
  for (const [, , help] of ours) expect(help).toMatch(/^[A-Z0-9].*[.)]$/);
  const keys = samplesOf(text).map(({ name, labels }) => name + JSON.stringify(labels));
  expect(new Set(keys).size).toBe(keys.length);
});

test("who it is", async () => {
  const lines = samplesOf(await exposition(sampleView()).text());
  expect(pick(lines, "weft_build_info")).toEqual([{ name: "weft_build_info", labels: { version: VERSION }, value: 1 }]);
  expect(pick(lines, "weft_node_info")[0].labels).toEqual({ node: "a", vtep: "10.99.0.1", backend: "native" });
  expect(total(lines, "weft_vtep_present")).toBe(1);
  expect(total(samplesOf(await exposition(sampleView({ vtepPresent: () => false })).text()), "weft_vtep_present")).toBe(0);
  expect(total(lines, "process_resident_memory_bytes")).toBeGreaterThan(1e6);
});

test("one scrape reads the counters once, the next one reads them again", async () => {
  const view = sampleView();
  let reads = 0;
  const counters = () => {
    reads++;
    return view.counters();
  };
  const metrics = exposition({ ...view, counters });
  await metrics.text();
  expect(reads).toBe(1);
  await metrics.text();
  expect(reads).toBe(2);
});

test("a view that throws rejects the scrape", async () => {
  const broken = sampleView({
    counters: () => {
      throw new Error("gone");
    },
  });
  await expect(exposition(broken).text()).rejects.toThrow("gone");
});
