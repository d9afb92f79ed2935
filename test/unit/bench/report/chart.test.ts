import { DOMParser } from "@xmldom/xmldom";
import { describe, expect, test } from "vitest";
import { chart, rows, wrap } from "../../../../bench/report/chart.ts";
import { sampleResults } from "../results.ts";

/** Parses strictly: any complaint of the parser fails the test. */
function elements(svg: string) {
  const document = new DOMParser({
    onError: (level, message) => {
      throw new Error(`${level}: ${message}`);
    },
  }).parseFromString(svg, "image/svg+xml");
  return (name: string) => [...document.getElementsByTagName(name)];
}

describe("a chart", () => {
  const results = sampleResults();

  test("is well-formed SVG that shows every value, axis, peer and the conditions", async () => {
    const find = elements(await chart(results, results.sections[0]));
    const texts = find("text").map((text) => text.textContent);
    for (const text of [
      "11.00",
      "8.00",
      "5.1",
      "50.0",
      "Gb/s",
      "µs",
      "streams",
      "any CPUs",
      "linux",
      "weft",
      "TCP (more is better)",
      "ping (less is better)",
    ]) {
      expect(texts).toContain(text);
    }
    expect(texts.join(" ")).toContain("Processor <X>");
    expect(find("svg")).toHaveLength(1);
  });

  test("has a bar a value and a line a spread", async () => {
    const find = elements(await chart(results, results.sections[0]));
    const described = (role: string) =>
      find("path")
        .concat(find("line"))
        .filter((mark) => mark.getAttribute("aria-roledescription") === role);
    expect(described("bar")).toHaveLength(4);
    expect(described("rule mark")).toHaveLength(4);
  });

  test("changes its colours on a dark page", async () => {
    const [style] = elements(await chart(results, results.sections[0]))("style");
    expect(style.textContent).toContain("prefers-color-scheme:dark");
    expect(style.textContent).toContain('[fill="#24292f"]');
  });

  test("draws many peers and sizes without labels that lie on each other", async () => {
    const [section] = sampleResults().sections;
    section.measures = ["64", "128", "256", "512", "1024", "1280", "1448", "IMIX"].map((label) => ({
      ...section.measures[0],
      key: label,
      label,
    }));
    const values = Object.fromEntries(section.measures.map(({ key }) => [key, [123.4, 123.4]]));
    section.peers = Object.fromEntries(["linux", "a", "b"].map((name) => [name, { ...section.peers.linux, values }]));
    const texts = elements(await chart(results, section))("text").map((text) => text.textContent);
    expect(texts).toContain("IMIX");
    expect(texts).not.toContain("123.40");
  });
});

test("a value that could not be taken has no bar", () => {
  const results = sampleResults();
  const [section] = results.sections;
  section.peers.weft.values.tcp1 = [];
  expect(rows(results, section, section.measures.slice(0, 1)).map(({ peer }) => peer)).toEqual(["linux"]);
});

test("a caption is broken at spaces and loses nothing", () => {
  const text = "one two three four five six";
  const lines = wrap(text, 10);
  expect(lines.every((line) => line.length <= 10)).toBe(true);
  expect(lines.join(" ")).toBe(text);
});
