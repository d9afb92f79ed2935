// What a part of the benchmark is, and what it gives: rows of raw values, so that tables can be made of them at any time.

import type { Options } from "./options.ts";

/** How a column's cell is made of a row's values. */
export type Statistic = "median" | "spread" | "p50" | "p99" | "max" | "sum";

export interface Column {
  key: string;
  title: string;
  unit: string;
  statistic: Statistic;
  digits: number;
  /** What the figure shall be at most, in a row that has `bound`. */
  atMost?: number;
}

export interface Row {
  label: string;
  values: Record<string, number[]>;
}

export interface Part {
  name: string;
  title: string;
  /** What is measured and how, in a paragraph of Markdown. */
  about: string;
  columns: readonly Column[];
  /** Its conditions, for the page: from the options that it was run with. */
  conditions(options: Options): string;
  run(options: Options, told: (what: string) => void): Promise<Row[]>;
}
