// What a container is asked to be, checked, and what is filled in where nothing was asked. Any thread.

import { SHORT_ID_CHARACTERS } from "../model/cluster/ids.ts";
import { UsageError } from "../model/errors.ts";

export interface Wish {
  /** Default: one in Docker's manner. */
  name?: string;
  /** Exactly these words: no shell takes them apart. */
  command: readonly string[];
  /** K=V; the last of a name counts. PATH, HOSTNAME and HOME have defaults; nothing of the agent's environment is passed on. */
  environment?: readonly string[];
  /** Absolute; default: / */
  workingDirectory?: string;
  labels?: Record<string, string>;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** As Docker has it. */
export function hostnameOf(id: string): string {
  return id.slice(0, SHORT_ID_CHARACTERS);
}

/** All of a container's environment. */
export function environmentOf(wish: Wish, hostname: string): string[] {
  const variables = new Map([
    ["PATH", PATH],
    ["HOSTNAME", hostname],
    ["HOME", "/root"],
  ]);
  for (const text of wish.environment ?? []) {
    const end = text.indexOf("=");
    variables.set(text.slice(0, end), text.slice(end + 1));
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** Throws UsageError. */
export function checkWish({ command, environment = [], workingDirectory = "/" }: Wish): void {
  if (command.length === 0 || command[0] === "") throw new UsageError("command: nothing to run");
  const strange = [...command, ...environment, workingDirectory].find((text) => text.includes("\0"));
  if (strange !== undefined) throw new UsageError(`${JSON.stringify(strange)}: has a zero byte, which no argument can have`);
  const bad = environment.find((text) => text.indexOf("=") < 1);
  if (bad !== undefined) throw new UsageError(`environment ${JSON.stringify(bad)}: expected NAME=VALUE`);
  if (!workingDirectory.startsWith("/"))
    throw new UsageError(`working directory ${JSON.stringify(workingDirectory)}: expected an absolute path`);
}
