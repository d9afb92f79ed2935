// `weft up` and `weft join`, the process: SIGTERM and SIGINT end it and leave ports and containers to its successor, `weft leave` removes them.
// Logs go to stderr, `weft ready …` to stdout. Main thread.

import { flushCompileCache } from "node:module";
import type { MemberOptions } from "../../model/cluster/start.ts";
import { OperationError } from "../../model/errors.ts";
import { assertCanRun } from "../../sys/capabilities.ts";
import { endSoon, openLog, signalled, tellManager } from "../process.ts";
import { startMember } from "./start.ts";
import { removeStateFiles } from "./state-files.ts";

/** Runs until it is told to end. Rejects with UsageError or OperationError. */
export async function runMember(options: MemberOptions): Promise<void> {
  try {
    await live(options);
  } finally {
    endSoon();
  }
}

async function live(options: MemberOptions): Promise<void> {
  const log = openLog(options.name);
  assertCanRun();
  const stop = signalled();
  const member = await startMember(options, log);
  let left = false;
  try {
    process.stdout.write(`${member.ready}\n`);
    tellManager("READY=1", log);
    // For the next start: this one may be killed.
    flushCompileCache();
    const ended = await Promise.race([stop.then((signal) => ({ signal })), member.ended.then((why) => ({ why }))]);
    if ("signal" in ended) log.info({ signal: ended.signal }, "stopping");
    tellManager("STOPPING=1", log);
    if ("why" in ended && ended.why !== null) throw new OperationError(ended.why);
    left = "why" in ended;
  } finally {
    await member.stop();
  }
  if (left) removeStateFiles(options.stateDir);
}
