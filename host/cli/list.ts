// What `ls` and `ps` print: a table for people, a JSON object a line for programs, or a template a row, as Docker's. Pure.

import { Option } from "commander";
import { ValueError } from "../model/errors.ts";
import { formatTable } from "./table.ts";
import { compile, type Template } from "./template.ts";
import { asFlag } from "./values.ts";

/** Something that is known of a row. */
export interface Field<Row> {
  /** Its name in templates and JSON. */
  name: string;
  /** Heads its column; left out = only in templates and JSON. */
  title?: string;
  text(row: Row): string;
  /** What JSON has, if not the text. */
  value?(row: Row): unknown;
}

export type ListFormat = "table" | "json" | { table: boolean; template: Template; source: string };

/** `--format` of a list. */
export function formatOption(): Option {
  return new Option("--format <format>", "table, json (one object a line), or a template such as '{{.ID}} {{.Name}}'")
    .default("table")
    .argParser(asFlag(readFormat));
}

function readFormat(text: string): ListFormat {
  if (text === "table" || text === "json") return text;
  const table = text.startsWith("table ");
  const source = table ? text.slice("table ".length).trim() : text;
  if (!source.includes("{{")) throw new ValueError("Expected table, json, or a template such as '{{.Name}}'");
  return { table, template: compile(source), source };
}

/** The list's text. Throws UsageError when a template asks for what is not there. */
export function formatList<Row>(
  fields: readonly Field<Row>[],
  rows: readonly Row[],
  format: ListFormat,
  bold: (text: string) => string,
): string {
  if (format === "table") return tableOf(fields, rows, bold);
  const jsonOf = (row: Row) => Object.fromEntries(fields.map(({ name, text, value }) => [name, value ? value(row) : text(row)]));
  if (format === "json") return rows.map((row) => `${JSON.stringify(jsonOf(row))}\n`).join("");
  const { table, template } = format;
  const textOf = (row: Row) => Object.fromEntries(fields.map(({ name, text }) => [name, text(row)]));
  const lines = rows.map((row) => template(textOf(row)));
  if (!table) return lines.map((line) => `${line}\n`).join("");
  const titles = Object.fromEntries(fields.map(({ name, title }) => [name, title ?? name.toUpperCase()]));
  const cells = lines.map((line) => line.split("\t"));
  const columns = template(titles)
    .split("\t")
    .map((title, column) => ({ title, text: (row: string[]) => row[column] ?? "" }));
  return formatTable(columns, cells, bold);
}

function tableOf<Row>(fields: readonly Field<Row>[], rows: readonly Row[], bold: (text: string) => string): string {
  const columns = fields.flatMap(({ title, text }) => (title === undefined ? [] : [{ title, text }]));
  return formatTable(columns, rows, bold);
}

/** `a=b,c=d`, as Docker shows labels. */
export function formatLabels(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
