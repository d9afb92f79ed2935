// The signals that can be sent to a container. Any thread.

import { constants } from "node:os";
import { UsageError } from "../model/errors.ts";

/** What a shim passes on (shim.pl), and KILL, which ends it and all with it. */
const SIGNALS = new Set("HUP INT QUIT USR1 USR2 TERM CONT WINCH ALRM IO PWR TTIN TTOU TSTP URG KILL".split(" "));

/** SIGTERM for "SIGTERM", "term" or "15". Throws UsageError. */
export function signalName(text: string): NodeJS.Signals {
  const number = Object.entries(constants.signals).find(([, value]) => String(value) === text)?.[0];
  const name = (number ?? text).toUpperCase().replace(/^SIG/, "");
  if (!SIGNALS.has(name)) throw new UsageError(`signal ${text}: expected one of ${[...SIGNALS].join(", ")}`);
  return `SIG${name}` as NodeJS.Signals;
}
