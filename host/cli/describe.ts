// The text of docs/cli.md: the help of every command, in the order in which `weft --help` has them. Pure.

import type { Command } from "commander";

/** As wide as the documents. */
const WIDTH = 110;

/** Every command's help. `build` makes the program; what it prints goes to `print`. */
export function describeCommands(build: (print: (text: string) => void, width: number) => Command): string {
  let printed = "";
  const program = build((text) => {
    printed += text;
  }, WIDTH);
  const sections: string[] = [];
  const visit = (command: Command, words: string) => {
    printed = "";
    command.outputHelp();
    sections.push(`## ${words}\n\n\`\`\`\n${printed.trim()}\n\`\`\`\n`);
    for (const inner of command.commands) visit(inner, `${words} ${inner.name()}`);
  };
  visit(program, program.name());
  return `# The command line\n\n${sections.join("\n")}`;
}
