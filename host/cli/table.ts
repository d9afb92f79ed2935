// Tables for people in the manner of `docker … ls`: a header in capitals, columns three spaces apart, no lines; an empty table is its
// header. Pure.
//
// Before: cli-table3. Its layout takes the square of the number of rows (4,000 rows 0.6 s, an FDB of 65,536 some minutes), and all that
// is needed of it here is padding.

/** Between columns. */
const GAP = "   ";

export interface Column<Row> {
  title: string;
  /** What stands in the column; "" is shown as a dash. */
  text(row: Row): string;
}

/** The table as lines, ending in a newline. `bold` dresses the header. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  bold: (text: string) => string = (text) => text,
): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ text }) => text(row) || "-"))];
  const widths = columns.map((_, column) => lines.reduce((widest, line) => Math.max(widest, line[column].length), 0));
  const [header, ...rest] = lines.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column]))
      .join(GAP)
      .trimEnd(),
  );
  return `${[bold(header), ...rest].join("\n")}\n`;
}

/** A JSON array, one row a line: one document for a parser, still lines for grep. */
export function formatJson(rows: readonly unknown[]): string {
  return rows.length === 0 ? "[]\n" : `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
}
