// Tries to start an agent that cannot start, several times in one process, so that what one attempt leaves behind is seen beside the next. Argument:
// the configuration file. Prints a line of JSON for each attempt: why it failed, and which descriptors are open afterwards.

import { setTimeout as delay } from "node:timers/promises";
import pino from "pino";
import { startAgent } from "../../../host/agent/start.ts";
import { readConfigFile } from "../../../host/config/read.ts";
import { descriptors, kinds } from "./descriptors.ts";

const ATTEMPTS = 3;
const POLL_MS = 20;
const SETTLED_MS_MAX = 2000;

/** Threads that ended give their descriptors back a little later: looks until two looks agree, sockets and TAPs apart, which must be gone at once. */
async function settled(): Promise<Record<string, number>> {
  let last = kinds(descriptors());
  for (const end = Date.now() + SETTLED_MS_MAX; Date.now() < end; ) {
    await delay(POLL_MS);
    const now = kinds(descriptors());
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
  return last;
}

const { config } = readConfigFile(process.argv[2]);
const log = pino({ base: undefined }, pino.destination(2));
for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
  let message: string | null = null;
  try {
    await (await startAgent(config, log)).stop();
  } catch (error) {
    message = (error as Error).message;
  }
  const atOnce = kinds(descriptors());
  console.log(JSON.stringify({ message, taps: atOnce["/dev/net/tun"] ?? 0, sockets: atOnce.socket ?? 0, kinds: await settled() }));
}
