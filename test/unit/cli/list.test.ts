import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { type Field, formatLabels, formatList, formatOption, type ListFormat } from "../../../host/cli/list.ts";

interface Row {
  id: string;
  rtt: number | null;
}
const FIELDS: Field<Row>[] = [
  { name: "ID", title: "NODE ID", text: ({ id }) => id },
  { name: "RTT", title: "RTT", text: ({ rtt }) => (rtt === null ? "" : `${rtt} ms`), value: ({ rtt }) => rtt },
  { name: "Hidden", text: ({ id }) => id.toUpperCase() },
];
const ROWS: Row[] = [
  { id: "a", rtt: 1.5 },
  { id: "bcd", rtt: null },
];

/** `--format` as commander reads it. */
function format(text: string): ListFormat {
  const command = new Command()
    .addOption(formatOption())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return (command.parse(["--format", text], { from: "user" }).opts() as { format: ListFormat }).format;
}
const list = (text: string, rows = ROWS) => formatList(FIELDS, rows, format(text), (line) => `<${line}>`);

describe("a list", () => {
  test("as a table", () => {
    expect(list("table")).toBe("<NODE ID   RTT>\na         1.5 ms\nbcd       -\n");
    expect(list("table", [])).toBe("<NODE ID   RTT>\n");
  });

  test("as JSON, one object a line", () => {
    expect(list("json")).toBe('{"ID":"a","RTT":1.5,"Hidden":"A"}\n{"ID":"bcd","RTT":null,"Hidden":"BCD"}\n');
    expect(list("json", [])).toBe("");
  });

  test("as a template, with and without a header", () => {
    expect(list("{{.ID}}:{{.Hidden}}")).toBe("a:A\nbcd:BCD\n");
    expect(list("table {{.ID}}\\t{{.Hidden}}")).toBe("<NODE ID   HIDDEN>\na         A\nbcd       BCD\n");
    expect(list("{{json .}}")).toContain('{"ID":"a","RTT":"1.5 ms","Hidden":"A"}');
  });

  test.each(["xml", "table x", "{{.ID"])("--format %s is refused", (text) => {
    expect(() => format(text)).toThrow(`option '--format <format>' argument '${text}' is invalid.`);
  });

  test("a field that is not there is told with those that are", () => {
    expect(() => list("{{.Id}}")).toThrow("--format: there is no field .Id here (there are: ID, RTT, Hidden)");
  });
});

test("labels", () => {
  expect(formatLabels({ a: "b", c: "" })).toBe("a=b,c=");
});
