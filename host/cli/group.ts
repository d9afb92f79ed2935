// What the command line's parts have in common: groups of commands, examples under a help text.

import type { Command } from "commander";

/** `weft NAME`, which is followed by another word; without one it prints its help, as Docker's command groups do. */
export function addGroup(program: Command, name: string, description: string): Command {
  const group = program.command(name).description(description);
  group.action((_options, command: Command) => {
    if (command.args.length > 0) command.error(`error: unknown command '${command.args[0]}' for 'weft ${name}'`);
    command.outputHelp();
  });
  return group;
}

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
