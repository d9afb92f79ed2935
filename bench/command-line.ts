// What the programs of the benchmarks have in common on the command line: a wrong word is one line and exit code 2, a failure one line and exit code 1.

import type { ParseArgsOptionDescriptor } from "node:util";

/** Every one of them has it. */
export const help: ParseArgsOptionDescriptor & { type: "boolean"; default: false } = { type: "boolean", default: false };

/** Ends the program `name`: it was called wrongly. */
export function fail(name: string, message: string): never {
  console.error(`${name}: ${message}`);
  process.exit(2);
}

/** What `read` makes of the command line; it throws with one line on anything wrong, and gives null when help was asked for. Both end the program. */
export function optionsOf<Options>(name: string, usage: string, read: () => Options | null): Options {
  let options: Options | null;
  try {
    options = read();
  } catch (error) {
    fail(name, (error as Error).message);
  }
  if (options !== null) return options;
  console.log(usage);
  process.exit(0);
}

/** Throws with one line. */
export function whole(flag: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`${flag} ${text}: a whole number from ${min} ${max === Number.MAX_SAFE_INTEGER ? "on" : `to ${max}`}`);
}

/** Of a list with commas, in order. Throws with one line. */
export function wholes(flag: string, text: string, min: number, max: number): number[] {
  return text
    .split(",")
    .map((one) => whole(flag, one, min, max))
    .sort((a, b) => a - b);
}

/** Runs a program to its end. */
export async function runProgram(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
