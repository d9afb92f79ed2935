// What a daemon has with the process that it is: its log, the signals that end it, and the service manager that waits for it. Main thread.

import { once } from "node:events";
import pino, { type Logger } from "pino";
import { messageOf } from "../model/errors.ts";
import { notifySystemd } from "../sys/sd-notify.ts";

/** For what its end has still to say. */
const END_MS = 200;

/**
 * Lines of JSON on stderr. A defect that nobody caught is the last of them: the process ends as if it were killed, and leaves ports and containers to its
 * successor, since nobody knows what would undo them right.
 */
export function openLog(node: string): Logger {
  const log = pino({ base: { node }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  // An unhandled rejection comes here, too.
  process.on("uncaughtException", (error, origin) => {
    log.fatal({ origin, err: error }, "a defect that nobody caught: the agent ends");
    process.exit(1);
  });
  return log;
}

/** A service manager that cannot be told is no reason to end (sd_notify(3)). */
export function tellManager(state: string, log: Logger): void {
  try {
    notifySystemd(state);
  } catch (error) {
    log.warn({ state, message: messageOf(error) }, "the service manager could not be told");
  }
}

/** Resolves with the signal's name. A second one ends the process at once. */
export async function signalled(): Promise<string> {
  const controller = new AbortController();
  const wait = (name: string) => once(process, name, { signal: controller.signal }).then(() => name);
  const name = await Promise.race(["SIGTERM", "SIGINT"].map(wait));
  controller.abort();
  return name;
}

/**
 * Has the process end although something is still open in it, for when everything was ended that can be: a connection that gRPC is making to a host that
 * does not answer cannot be, and takes the kernel two minutes to give up.
 */
export function endSoon(): void {
  setTimeout(() => process.exit(), END_MS).unref();
}
