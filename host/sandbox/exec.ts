// The words before a command that run it in a container, from a process of anyone's (`weft exec`): with its namespaces, environment and working
// directory. What runs so ends with the container. Any thread.

import type { ContainerRecord } from "./record.ts";

/** Docker's, for a command that writes to a terminal. */
const TERMINAL = "[ ! -t 1 ] || export TERM=xterm; ";

/** `pid`: of the shim. */
export function execPrefix(record: ContainerRecord, pid: number): string[] {
  const hasTerminal = record.environment.some((variable) => variable.startsWith("TERM="));
  return [
    ...["nsenter", "--target", String(pid), "--mount", "--uts", "--net", "--pid", "--"],
    ...["env", "-i", "-C", record.workingDirectory, ...record.environment],
    // env would take a command with "=" in its name for a variable; a shell finds and runs it as it is, or says 126 or 127.
    ...["sh", "-c", `${hasTerminal ? "" : TERMINAL}exec "$@"`, "weft"],
  ];
}
