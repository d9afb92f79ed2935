import { describe, expect, test } from "vitest";
import { formatJson, formatTable } from "../../../host/cli/table.ts";
import fc from "../../oracle/property.ts";

const columns = [
  { title: "NAME", text: (row: { name: string; size: string }) => row.name },
  { title: "SIZE", text: (row: { name: string; size: string }) => row.size },
];

describe("tables", () => {
  test("columns are as wide as their widest text, three spaces apart", () => {
    expect(
      formatTable(columns, [
        { name: "a-long-name", size: "1" },
        { name: "b", size: "" },
      ]),
    ).toBe("NAME          SIZE\na-long-name   1\nb             -\n");
  });

  test("an empty table is its header, and the header alone is bold", () => {
    expect(formatTable(columns, [])).toBe("NAME   SIZE\n");
    expect(formatTable(columns, [{ name: "a", size: "b" }], (text) => `<${text}>`)).toBe("<NAME   SIZE>\na      b\n");
  });

  test("every text is found in its column", () => {
    const text = fc.stringMatching(/^[a-z0-9:./-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(fc.record({ name: text, size: text }), { maxLength: 20 }), (rows) => {
        const [header, ...lines] = formatTable(columns, rows).trimEnd().split("\n");
        const at = header.indexOf("SIZE");
        expect(lines.map((line) => ({ name: line.slice(0, at).trimEnd(), size: line.slice(at) }))).toEqual(rows);
      }),
    );
  });
});

test("a full FDB is no matter of minutes", () => {
  const rows = Array.from({ length: 65536 }, (_, i) => ({ name: `row${i}`, size: String(i) }));
  expect(formatTable(columns, rows).split("\n")).toHaveLength(65538);
});

test("JSON is one document, one row a line", () => {
  expect(formatJson([])).toBe("[]\n");
  const rows = [{ a: 1 }, { a: null, b: "x\ny" }];
  expect(JSON.parse(formatJson(rows))).toEqual(rows);
  expect(formatJson(rows).split("\n")).toHaveLength(5);
});
