// Running the system's tools: one way to run a command to its end, with a bound on its time and output, and an error that a person can act on.
// Everything in lab/ that touches the kernel goes through here or through daemon.ts.

import { execFile } from "node:child_process";

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** Name of the network namespace to run in; none = the caller's. */
  netns?: string;
  input?: string;
  timeoutMs?: number;
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** The argument vector that runs `argv` inside a network namespace. iproute2 execs it, so the pid stays the command's own. */
export function inNamespace(netns: string | undefined, argv: readonly string[]): string[] {
  return netns === undefined ? [...argv] : ["ip", "netns", "exec", netns, ...argv];
}

/** Runs a command to its end. Never rejects for a non-zero exit: see `run` for that. A time-out counts as exit code 124, as timeout(1) has it. */
export function attempt(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file, ...rest] = inNamespace(options.netns, argv);
  return new Promise((resolve) => {
    const child = execFile(
      file,
      rest,
      { timeout: options.timeoutMs ?? TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: OUTPUT_BYTES_MAX, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (!error) return resolve({ code: 0, stdout, stderr });
        const code = error.killed ? 124 : typeof error.code === "number" ? error.code : 127;
        resolve({ code, stdout, stderr: stderr || error.message });
      },
    );
    child.stdin?.on("error", () => {}); // A command that ends without reading its input closes the pipe.
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs a command and gives its standard output. Rejects with the command, its exit code and what it said. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await attempt(argv, options);
  if (result.code === 0) return result.stdout;
  const place = options.netns === undefined ? "" : ` (in namespace ${options.netns})`;
  throw new Error(`${argv.join(" ")}${place}: exit ${result.code}: ${(result.stderr || result.stdout).trim()}`);
}

/** Runs lines of `ip` commands in one process; the first that fails ends it. `netns`: where. */
export async function ipBatch(lines: readonly string[], netns?: string): Promise<void> {
  const where = netns === undefined ? [] : ["-n", netns];
  const result = await attempt(["ip", ...where, "-batch", "-"], { input: `${lines.join("\n")}\n` });
  if (result.code === 0) return;
  const failed = /Command failed -:(\d+)/.exec(result.stderr);
  const line = failed ? lines[Number(failed[1]) - 1] : lines.join("; ");
  throw new Error(`ip ${where.join(" ")} ${line}: ${result.stderr.trim().split("\n")[0]}`);
}
