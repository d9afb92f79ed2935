// What every `inspect` prints: a JSON array in Docker's layout, or a template for each; names that were not found are lines on stderr.

import { Option } from "commander";
import type { Refused } from "../model/cluster/answers.ts";
import { ValueError } from "../model/errors.ts";
import { type Context, report } from "./context.ts";
import { compile, type Template } from "./template.ts";
import { asFlag } from "./values.ts";

/** `--format` of an inspection. */
export function inspectOption(): Option {
  return new Option("-f, --format <template>", "json, or a template such as '{{.Name}}' or '{{json .Labels}}'").argParser(asFlag(read));
}

function read(text: string): Template | undefined {
  if (text === "json") return compile("{{json .}}");
  if (!text.includes("{{")) throw new ValueError("Expected json, or a template such as '{{.Name}}'");
  return compile(text);
}

/** Throws UsageError when the template asks for what is not there. */
export function printInspected(
  context: Context,
  { found, refused }: { found: readonly unknown[]; refused: readonly Refused[] },
  format: Template | undefined,
): void {
  if (format === undefined) context.print(`${JSON.stringify(found, null, 4)}\n`);
  else for (const one of found) context.print(`${format(one)}\n`);
  report(context, [], refused);
}
