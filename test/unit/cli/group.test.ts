import { Command } from "commander";
import { expect, test } from "vitest";
import { addGroup, examples, oneLine } from "../../../host/cli/group.ts";

/** What `weft WORDS…` prints when there is a group `fdb` with a command `show`. */
async function weft(...words: string[]): Promise<string> {
  let printed = "";
  const write = (text: string) => {
    printed += text;
  };
  const program = new Command("weft").exitOverride().configureOutput({ writeOut: write, writeErr: write });
  const group = addGroup(program, "fdb", "Entries.");
  group.command("show").action(() => write("shown"));
  group.allowExcessArguments();
  await program.parseAsync(words, { from: "user" }).catch(() => {});
  return printed;
}

test("a group alone is its help, a word that it does not know is told", async () => {
  expect(await weft("fdb")).toMatch(/^Usage: weft fdb .*\n\nEntries\./);
  expect(await weft("fdb", "show")).toBe("shown");
  expect(await weft("fdb", "shw")).toBe("error: unknown command 'shw' for 'weft fdb' (there are: show)\n");
});

test("examples are lines of their own", () => {
  expect(examples("weft a", "weft b")).toBe("\nExamples:\n  weft a\n  weft b\n");
});

test("what commander says, on one line", () => {
  expect(oneLine("error: unknown option '--x'\n(Did you mean --y?)\n")).toBe("unknown option '--x' (Did you mean --y?)");
});
