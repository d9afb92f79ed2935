// A section as a chart: a panel for each group of measures, a bar for each peer at its median, a line from the least to the greatest round. SVG without a
// browser, by Vega. It is read on a README page, which may be light or dark: colours that depend on that are changed inside the SVG.

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Results, Section } from "../results.ts";
import type { Measure } from "../suites/suite.ts";
import { conditions, figure, sectionTitle } from "./figures.ts";

/** Light, and what takes its place in the dark. */
const THEME = {
  background: ["#ffffff", "#0d1117"],
  text: ["#24292f", "#e6edf3"],
  grid: ["#d8dee4", "#30363d"],
  axis: ["#57606a", "#8b949e"],
} as const;
/** Legible on both backgrounds; the first is the baseline's. */
const COLOURS = [
  "#8c959f",
  "#3b82d6",
  "#e08a2c",
  "#2ca089",
  "#c8577b",
  "#8f6bd1",
  "#a3a53a",
  "#58a9c9",
  "#b5651d",
  "#6d8f3f",
  "#d15bd1",
  "#4f55b8",
  "#b53a2e",
];
const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
const PANEL_HEIGHT = 180;
/** Width of a bar and of what separates categories, by which a panel's width follows from what is in it. */
const [BAR, GAP] = [14, 18];
const PANEL_WIDTH_MIN = 300;
/** More bars in a panel have no room for their values. */
const LABELLED_BARS_MAX = 8;
const COLUMNS = 2;
const LEGEND_COLUMNS = 5;
/** Vega takes a character for 0.8 of the font's size: these are as wide as two panels. */
const CAPTION_CHARACTERS = 90;

interface Row {
  category: string;
  peer: string;
  value: number;
  least: number;
  greatest: number;
  /** The value as text, above the bar. */
  text: string;
}

/** What a panel shows, one row a bar. A measure without values, or one that could not be taken, has no bar. */
export function rows(results: Results, section: Section, measures: readonly Measure[]): Row[] {
  return measures.flatMap((measure) =>
    Object.keys(section.peers).flatMap((peer) => {
      const { value } = figure(section, peer, measure, results.baseline);
      if (!Number.isFinite(value.median)) return [];
      const text = value.median.toFixed(measure.digits);
      return [{ category: measure.label, peer, value: value.median, least: value.min, greatest: value.max, text }];
    }),
  );
}

/** Breaks a text into lines at spaces. */
export function wrap(text: string, characters: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < characters) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function panel(results: Results, section: Section, measures: readonly Measure[]): object {
  const names = Object.keys(section.peers);
  const [{ group, unit, better, axis }] = measures;
  const categories = measures.map(({ label }) => label);
  const x = { field: "category", type: "ordinal", sort: categories, title: axis, axis: { labelAngle: 0 } };
  const xOffset = { field: "peer", sort: names };
  const colour = {
    field: "peer",
    type: "nominal",
    sort: names,
    title: null,
    scale: { domain: names, range: COLOURS.slice(0, names.length) },
  };
  const labelled = names.length * categories.length <= LABELLED_BARS_MAX;
  return {
    title: { text: `${group} (${better === "more" ? "more is better" : "less is better"})`, anchor: "start", fontSize: 12 },
    width: Math.max(PANEL_WIDTH_MIN, categories.length * (names.length * BAR + GAP)),
    height: PANEL_HEIGHT,
    data: { values: rows(results, section, measures) },
    encoding: { x, xOffset },
    layer: [
      { mark: "bar", encoding: { y: { field: "value", type: "quantitative", title: unit }, color: colour } },
      {
        mark: { type: "rule", color: THEME.text[0], strokeWidth: 1.5 },
        encoding: { y: { field: "least", type: "quantitative" }, y2: { field: "greatest" } },
      },
      ...(labelled
        ? [
            {
              mark: { type: "text", dy: -6, fontSize: 10, color: THEME.text[0] },
              encoding: { y: { field: "greatest", type: "quantitative" }, text: { field: "text" } },
            },
          ]
        : []),
    ],
  };
}

function specification(results: Results, section: Section): TopLevelSpec {
  const groups = [...new Set(section.measures.map(({ group }) => group))];
  const panels = groups.map((group) =>
    panel(
      results,
      section,
      section.measures.filter((measure) => measure.group === group),
    ),
  );
  const caption = wrap(`Bars: median; lines: least and greatest round. ${conditions(results, section)}.`, CAPTION_CHARACTERS);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${sectionTitle(section)}: ${groups.join("; ")}`,
    background: THEME.background[0],
    padding: 12,
    title: { text: sectionTitle(section), subtitle: caption, anchor: "start", offset: 14, subtitlePadding: 6 },
    columns: COLUMNS,
    concat: panels,
    resolve: { scale: { color: "shared" } },
    config: {
      font: FONT,
      title: { color: THEME.text[0], subtitleColor: THEME.axis[0], fontSize: 14, subtitleFontSize: 10, subtitleLineHeight: 13 },
      axis: {
        labelColor: THEME.text[0],
        titleColor: THEME.text[0],
        gridColor: THEME.grid[0],
        domainColor: THEME.axis[0],
        tickColor: THEME.axis[0],
      },
      legend: { labelColor: THEME.text[0], titleColor: THEME.text[0], orient: "top", columns: LEGEND_COLUMNS, labelLimit: 0 },
      view: { stroke: null },
    },
  } as TopLevelSpec;
}

/** Makes the colours of the light page those of the dark one where the reader's page is dark. */
export function adapt(svg: string): string {
  const rules = Object.values(THEME).map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`);
  const style = `<style>@media (prefers-color-scheme:dark){${rules.join("")}}</style>`;
  return svg.replace(/(<svg[^>]*>)/, `$1${style}`);
}

export async function chart(results: Results, section: Section): Promise<string> {
  const view = new View(parse(compile(specification(results, section)).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${adapt(svg)}\n`;
}
