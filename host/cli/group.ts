// What the command line's parts have in common: groups of commands, examples under a help text, its errors.

import type { Command } from "commander";

/** `weft NAME`, which is followed by another word; without one it prints its help, as Docker's command groups do. */
export function addGroup(program: Command, name: string, description: string): Command {
  const group = program.command(name).description(description);
  group.action((_options, command: Command) => {
    const [word] = command.args;
    const known = command.commands.map((inner) => inner.name()).join(", ");
    if (word !== undefined) command.error(`error: unknown command '${word}' for 'weft ${name}' (there are: ${known})`);
    command.outputHelp();
  });
  return group;
}

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}

/** commander's `error: …\n(Did you mean …?)` as one line. */
export function oneLine(text: string): string {
  return text
    .replace(/^error: /, "")
    .trim()
    .replace(/\s*\n\s*/g, " ");
}
