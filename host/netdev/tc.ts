// iproute2's tc as a function call, in any network namespace (nsenter(1)). Arguments are passed as words, never through a shell. Main thread.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf, OperationError } from "../model/errors.ts";
import { inTurn } from "../sys/in-turn.ts";

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;

/** `netnsPath`: where, by default here. Rejects with OperationError that has the line. */
export async function tc(words: readonly string[], netnsPath?: string): Promise<void> {
  const [file, ...rest] = netnsPath === undefined ? ["tc", ...words] : ["nsenter", `--net=${netnsPath}`, "tc", ...words];
  try {
    await inTurn(() => run(file, rest, { timeout: TIMEOUT_MS }));
  } catch (error) {
    const place = netnsPath === undefined ? "" : ` (network namespace ${netnsPath})`;
    throw new OperationError(`tc ${words.join(" ")}${place}: ${messageOf((error as { stderr?: string }).stderr?.trim() || error)}`, {
      cause: error,
    });
  }
}
