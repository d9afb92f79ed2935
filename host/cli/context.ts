// What every command has at hand: the surroundings, the agent's client, where its lines go, and the exit code that it leaves.

import type { Command } from "commander";
import picocolors from "picocolors";
import { ApiClient, DEFAULT_HOST, NoAgentError } from "../api/client.ts";
import { messageOf, OperationError, UsageError } from "../model/errors.ts";
import type { Output, Surroundings } from "./surroundings.ts";

export interface Context {
  around: Surroundings;
  /** The words behind a lone `--`; null when there was none. */
  rest: readonly string[] | null;
  /** Set by a command that goes on after something failed, or whose exit code is another program's. */
  exitCode: number;
  /** The client of the agent that --host or WEFT_HOST names. Throws UsageError. */
  client(command: Command): ApiClient;
  print(text: string): void;
  /** A line on stderr. */
  complain(line: string): void;
  bold(text: string): string;
}

export function makeContext(around: Surroundings, rest: readonly string[] | null): Context {
  return {
    around,
    rest,
    exitCode: 0,
    client: (command) => new ApiClient((command.optsWithGlobals() as { host?: string }).host ?? (around.env.WEFT_HOST || DEFAULT_HOST)),
    print: (text) => around.stdout.write(text),
    complain: (line) => around.stderr.write(`${colours(around, around.stderr).red(line)}\n`),
    bold: (text) => colours(around, around.stdout).bold(text),
  };
}

/** Does `work` for each name, whatever became of those before it; a failure is a line on stderr and the exit code. Without an agent it ends at the first. */
export async function forEachName(context: Context, names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  for (const name of names)
    try {
      await work(name);
    } catch (error) {
      if (error instanceof NoAgentError || !(error instanceof OperationError || error instanceof UsageError)) throw error;
      context.complain(naming(name, messageOf(error)));
      context.exitCode = Math.max(context.exitCode, error.exitCode);
    }
}

/** The lines for what several names became: those that were done on stdout, those that were refused on stderr. */
export function report(context: Context, done: readonly string[], refused: readonly { name: string; message: string }[]): void {
  for (const name of done) context.print(`${name}\n`);
  for (const { name, message } of refused) context.complain(naming(name, message));
  if (refused.length > 0) context.exitCode = 1;
}

function naming(name: string, message: string): string {
  return message.includes(name) ? message : `${name}: ${message}`;
}

/** Writes, and waits where the reader is behind. */
export async function write(output: Output, text: string): Promise<void> {
  if (output.write(text) === false && output.once !== undefined) await new Promise<void>((done) => output.once?.("drain", done));
}

/** Colours only where a person looks (https://no-color.org). */
function colours(around: Surroundings, stream: Output) {
  return picocolors.createColors(stream.isTTY === true && !around.env.NO_COLOR && around.env.TERM !== "dumb");
}
