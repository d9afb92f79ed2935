// Runs a program in this one's place as far as anybody outside can tell: its input, outputs, terminal and exit code are this one's. Main thread.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { messageOf, OperationError } from "../model/errors.ts";
import { onSignals } from "./signals.ts";

/** Resolves to the exit code as a shell has it: 128 + n after signal n. Rejects with OperationError when it cannot be started. */
export function spawnInPlace([program, ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    // A terminal sends these to the child as well; it alone says what becomes of them.
    const forgetKeys = onSignals(["SIGINT", "SIGQUIT"], () => {});
    const forgetRest = onSignals(["SIGTERM", "SIGHUP"], (name) => child.kill(name));
    const forget = () => {
      forgetKeys();
      forgetRest();
    };
    child.on("error", (cause: NodeJS.ErrnoException) => {
      forget();
      const why = cause.code === "ENOENT" ? "there is no such program on this host" : messageOf(cause);
      reject(new OperationError(`${program} cannot be started: ${why}`, { cause }));
    });
    child.on("close", (code, signal) => {
      forget();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
