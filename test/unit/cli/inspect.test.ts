import { Command } from "commander";
import { expect, test } from "vitest";
import { makeContext } from "../../../host/cli/context.ts";
import { inspectOption, printInspected } from "../../../host/cli/inspect.ts";
import type { Template } from "../../../host/cli/template.ts";
import { nothingAround, outputs } from "./weft.ts";

const FOUND = [{ Name: "blue" }, { Name: "red" }];

function inspected(format: string | null, found: object[] = FOUND, refused: { name: string; message: string }[] = []) {
  const { said, stdout, stderr } = outputs();
  const context = makeContext({ ...nothingAround(), stdout, stderr }, null);
  const command = new Command()
    .addOption(inspectOption())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  const options = command.parse(format === null ? [] : ["-f", format], { from: "user" }).opts() as { format?: Template };
  printInspected(context, { found, refused }, options.format);
  return { ...said, code: context.exitCode };
}

test("Docker's layout", () => {
  expect(inspected(null).out).toBe('[\n    {\n        "Name": "blue"\n    },\n    {\n        "Name": "red"\n    }\n]\n');
});

test("templates, one line each", () => {
  expect(inspected("{{.Name}}").out).toBe("blue\nred\n");
  expect(inspected("json").out).toBe('{"Name":"blue"}\n{"Name":"red"}\n');
});

test("what was not found is told, and the rest shown", () => {
  const refused = [
    { name: "green", message: 'network "green" not found' },
    { name: "x", message: "several networks begin so" },
  ];
  expect(inspected("{{.Name}}", FOUND, refused)).toEqual({
    out: "blue\nred\n",
    err: 'network "green" not found\nx: several networks begin so\n',
    code: 1,
  });
  expect(inspected(null, [], refused.slice(0, 1))).toEqual({ out: "[]\n", err: 'network "green" not found\n', code: 1 });
});

test("a template that is none is refused", () => {
  expect(() => inspected("Name")).toThrow("Expected json, or a template such as '{{.Name}}'.");
});
