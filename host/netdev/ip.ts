// iproute2 as a function call: `ip -json` to look, `ip -batch -` to change, in any network namespace (nsenter(1)). Arguments are passed as
// words, never through a shell. Main thread.

import { execFile } from "node:child_process";
import { OperationError } from "../model/errors.ts";
import { inTurn } from "../sys/in-turn.ts";

const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** What `ip -batch` would take apart: white space, quotes, backslashes, comments. */
const NOT_ONE_WORD = /[\s"'\\#]|^$/;

/** `ip` refused. `line` is the command without `ip`; `reply` is what it said. */
export class IpError extends OperationError {
  readonly line: string;
  readonly reply: string;

  constructor(line: string, netnsPath: string | undefined, reply: string) {
    super(`ip ${line}${netnsPath === undefined ? "" : ` (network namespace ${netnsPath})`}: ${reply}`);
    this.line = line;
    this.reply = reply;
  }
}

/** What `ip -json ARGUMENTS` prints, parsed; `[]` when it prints nothing. `netnsPath`: where, by default here. Rejects with IpError. */
export async function ipJson<T = unknown>(words: readonly string[], netnsPath?: string): Promise<T> {
  const { stdout, stderr, failed } = await runIp(["-json", ...words], "", netnsPath);
  if (failed) throw new IpError(words.join(" "), netnsPath, explain(stderr));
  return JSON.parse(stdout.trim() || "[]") as T;
}

/** Runs commands, each a list of words without `ip`, in one process; the first that fails ends it. Rejects with IpError that has its line. */
export async function ipBatch(lines: readonly (readonly string[])[], netnsPath?: string): Promise<void> {
  if (lines.length === 0) return;
  for (const line of lines) {
    const bad = line.find((word) => NOT_ONE_WORD.test(word));
    if (bad !== undefined) throw new IpError(line.join(" "), netnsPath, `${JSON.stringify(bad)} cannot be passed to ip -batch`);
  }
  const { stderr, failed } = await runIp(["-batch", "-"], `${lines.map((line) => line.join(" ")).join("\n")}\n`, netnsPath);
  if (!failed) return;
  const number = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const line = number === undefined ? lines.map((words) => words.join(" ")).join("; ") : lines[Number(number) - 1].join(" ");
  throw new IpError(line, netnsPath, explain(stderr));
}

/**
 * Runs commands in one process, whichever of them fail; `replies` has what each printed, parsed, or undefined for one that failed. For commands
 * that print one line of JSON each, or nothing. Rejects with IpError when the process itself fails.
 */
export async function ipJsonBatch<T>(lines: readonly (readonly string[])[]): Promise<{ replies: (T | undefined)[] }> {
  if (lines.length === 0) return { replies: [] };
  const input = `${lines.map((line) => line.join(" ")).join("\n")}\n`;
  const { stdout, stderr } = await runIp(["-json", "-force", "-batch", "-"], input, undefined);
  const failed = new Set([...stderr.matchAll(/Command failed -:(\d+)/g)].map(([, number]) => Number(number) - 1));
  const printed = stdout.split("\n").filter((line) => line.trim() !== "");
  if (printed.length > 0 && printed.length + failed.size !== lines.length) throw new IpError("-batch", undefined, explain(stderr));
  return {
    replies: lines.map((_, i) => (failed.has(i) || printed.length === 0 ? undefined : (JSON.parse(printed.shift() as string) as T))),
  };
}

interface Result {
  failed: boolean;
  stdout: string;
  stderr: string;
}

function runIp(words: readonly string[], input: string, netnsPath: string | undefined): Promise<Result> {
  const argv = netnsPath === undefined ? ["ip", ...words] : ["nsenter", `--net=${netnsPath}`, "ip", ...words];
  return inTurn(() => toItsEnd(argv, input));
}

function toItsEnd(argv: readonly string[], input: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = execFile(argv[0], argv.slice(1), { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (error?.code === "ENOENT")
        return reject(new OperationError(`${argv[0]}: not found; install ${argv[0] === "ip" ? "iproute2" : "util-linux"}`));
      const late = error?.killed ? `no answer within ${TIMEOUT_MS / 1000} s` : "";
      resolve({ failed: error !== null, stdout, stderr: stderr || late || (error?.message ?? "") });
    });
    // It may end, for an error, before it has read everything.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** The line that says why; iproute2 adds "Command failed -:N" and usage. */
function explain(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const said = lines.find((line) => line !== "" && !line.startsWith("Command failed"));
  return (said ?? "failed without a reason").replace(/^RTNETLINK answers: /, "").replace(/^Error: /, "");
}
