// Starts a container's shim (shim.pl says what it does and how it is reached) and waits until the command runs. Main thread.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { StartError } from "../model/errors.ts";
import { inTurn } from "../sys/in-turn.ts";
import type { ContainerRecord } from "./record.ts";

/** Two files of it are kept. */
export const LOG_BYTES_MAX = 5 * 1024 * 1024;
const START_MS = 30_000;
const SAID_BYTES_MAX = 64 * 1024;
const SHIM = fileURLToPath(new URL("./shim.pl", import.meta.url));
/** Nothing of the agent's own environment goes to a container. */
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
/** Numbers of setsid, gettimeofday and sethostname (asm/unistd.h). Elsewhere the command gets a process group only, the log whole seconds, and the host
 * name goes by way of /proc. */
const SYSTEM_CALLS: Partial<Record<NodeJS.Architecture, [number, number, number]>> = {
  x64: [112, 96, 170],
  arm64: [157, 169, 161],
  riscv64: [157, 169, 161],
};
/** Docker's, where the shim itself did not come to it. */
const NOT_STARTED = 125;

/** Resolves when the command runs, or has run. Rejects with StartError. The agent may end at any moment: the start goes on, or is refused its `pid` file. */
export async function startShim(directory: string, netnsPath: string, record: ContainerRecord): Promise<void> {
  const { name, hostname, workingDirectory, command, environment } = record;
  const numbers = SYSTEM_CALLS[process.arch] ?? [0, 0, 0];
  const argv = ["nsenter", `--net=${netnsPath}`, "unshare", "--mount", "--propagation", "slave", "--uts", "--pid"];
  argv.push("perl", SHIM, directory, String(LOG_BYTES_MAX), ...numbers.map(String));
  const order = [name, hostname, workingDirectory, String(command.length), ...command, ...environment, "end"];
  const { said, complaint } = await inTurn(() => launch(argv, order.map((part) => `${part}\0`).join("")));
  const place = `container ${name}`;
  const [, status, why] = /^failed (\d+) (.*)/s.exec(said) ?? [];
  if (said === "started") return;
  if (status === undefined) throw new StartError(`${place}: ${complaint || said || "its shim did not start"}`, NOT_STARTED);
  throw new StartError(`${place}: ${why.replace(/\s+/g, " ")}${complaint && `: ${complaint}`} (exit code ${status})`, Number(status));
}

/** `said`: on stdout; `complaint`: the last line on stderr, or why there was none. */
function launch(argv: string[], input: string): Promise<{ said: string; complaint: string }> {
  return new Promise((resolve) => {
    const child = spawn(argv[0], argv.slice(1), { cwd: "/", env: ENVIRONMENT, detached: true, stdio: "pipe" });
    let said = "";
    let complaint = "";
    const done = () => {
      clearTimeout(late);
      resolve({ said: said.trim(), complaint: complaint.trim().split("\n").at(-1) ?? "" });
    };
    const late = setTimeout(() => {
      complaint = `not started within ${START_MS / 1000} s`;
      child.kill("SIGKILL");
      // What hangs below it keeps the pipes open.
      for (const pipe of child.stdio) pipe?.destroy();
      done();
    }, START_MS);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(0, SAID_BYTES_MAX);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-SAID_BYTES_MAX);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("error", (error: NodeJS.ErrnoException) => {
      complaint = error.code === "ENOENT" ? `${argv[0]}: not found; install util-linux` : error.message;
      done();
    });
    child.on("close", done);
  });
}
