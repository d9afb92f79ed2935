// How the demo speaks: chapters, sentences at a readable width, tables, checks. A check that fails is remembered for the exit code.

import Table from "cli-table3";
import colors from "picocolors";

const WIDTH = 100;
const INDENT = "  ";
// cli-table3 colours without asking whether anyone can see it.
const STYLE = colors.isColorSupported ? { head: ["bold"], border: ["dim"] } : { head: [], border: [] };
const NO_RULES = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };
const started = performance.now();
let chapters = 0;

/** Checks so far. */
export const tally = { passed: 0, failed: [] as string[] };

export function title(text: string): void {
  console.log(`\n${colors.bold(text)}\n${"═".repeat(text.length)}`);
}

export function chapter(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`\n${colors.bold(`${++chapters}. ${text}`)} ${colors.dim(`(${seconds} s)`)}`);
}

/** A paragraph, wrapped. */
export function say(text: string): void {
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > WIDTH) {
      console.log(INDENT + line);
      line = "";
    }
    line = line ? `${line} ${word}` : word;
  }
  if (line) console.log(INDENT + line);
}

/** Lines as they are: a picture, a command's output. */
export function show(text: string): void {
  const lines = text.replace(/\n+$/, "").split("\n");
  console.log(lines.map((line) => INDENT + colors.cyan(line)).join("\n"));
}

/** A command that the reader could type, and what it answered. */
export function command(line: string, output: string): void {
  console.log(`${INDENT}${colors.green(`$ ${line}`)}`);
  show(output);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const out = new Table({ head: [...head], style: STYLE, chars: NO_RULES });
  for (const row of rows) out.push([...row]);
  const lines = out.toString().split("\n");
  console.log(lines.map((line) => INDENT + line).join("\n"));
}

/** Notes whether something is as it must be; gives a mark to print beside it. */
export function mark(ok: boolean, what: string): string {
  if (ok) tally.passed++;
  else tally.failed.push(what);
  return ok ? colors.green("✓") : colors.red("✗");
}

/** The same as a line of its own. */
export function check(ok: boolean, what: string): void {
  console.log(`${INDENT}${mark(ok, what)} ${what}`);
}

/** Seconds since the demo began. */
export function elapsedSeconds(): number {
  return (performance.now() - started) / 1000;
}
