// docs/cli.md holds the help of every command: that it is current is test/style/docs.test.ts's business.

import { Command } from "commander";
import { expect, test } from "vitest";
import { describeCommands } from "../../../host/cli/describe.ts";
import { describeProgram } from "../../../host/cli/program.ts";
import { nothingAround } from "./weft.ts";

test("a section for each command, with what is added to its help", () => {
  const page = describeCommands((print) => {
    const program = new Command("p").helpCommand(false).configureOutput({ writeOut: print });
    program.command("one").addHelpText("after", "\nExamples:\n  p one");
    program.command("two").command("three");
    return program;
  });
  expect(page.match(/^## .*/gm)).toEqual(["## p", "## p one", "## p two", "## p two three"]);
  expect(page).toContain("Usage: p one [options]\n\nOptions:\n  -h, --help  display help for command\n\nExamples:\n  p one\n```\n");
});

test("every command has examples, except those that only lead to others", () => {
  const sections = describeProgram(nothingAround()).split(/^## /m).slice(1);
  const without = sections.filter((text) => !text.includes("\nExamples:\n")).map((text) => text.split("\n")[0]);
  expect(without).toEqual(["weft node", "weft network", "weft fdb", "weft neighbor", "weft vtep", "weft bench"]);
  expect(sections.length).toBeGreaterThan(30);
});
