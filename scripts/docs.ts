// Writes the pages of docs/ that are made from the sources, so that they cannot go stale:
//
//   node scripts/docs.ts            writes them
//   node scripts/docs.ts --check    writes nothing; says which are not current, and fails
//
// test/style/docs.test.ts runs the check.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeConfig } from "../host/config/describe.ts";
import { REASON_LIST } from "../host/model/reason.ts";
import { root } from "./sources.ts";

const NOTE = "<!-- Made by scripts/docs.ts (npm run docs). Edit the sources that it names, not this page. -->";

function reasons(): string {
  return [
    NOTE,
    "# Drop reasons",
    "",
    "Every frame that weft does not deliver, send or answer is counted with one of these reasons: in `weft_drops_total{reason=…}`, in",
    "the API and in the packet core, where it is the number. Names that Linux has for the same thing are Linux's",
    "(`include/net/dropreason-core.h`). From `host/model/reason.ts` and `assembly/abi/reason.ts`.",
    "",
    "| number | reason | what it means, and where to look |",
    "| ---: | --- | --- |",
    ...REASON_LIST.map(({ number, label, text }) => `| ${number} | \`${label}\` | ${text.replaceAll("|", "\\|")} |`),
    "",
  ].join("\n");
}

function config(): string {
  return [NOTE, describeConfig().trimEnd(), ""].join("\n");
}

const pages: Record<string, () => string> = { "docs/reasons.md": reasons, "docs/config.md": config };
const check = process.argv.includes("--check");
for (const [path, make] of Object.entries(pages)) {
  const text = make();
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (check) {
    console.error(`${path} is not what its sources say: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
