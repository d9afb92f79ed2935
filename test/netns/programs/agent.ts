// An agent in a process that a test can look into: startAgent as bin/weft has it, then one function of the test a line of standard input, called
// with what is in here; its result goes back as a line of JSON, after a line "told N" behind what was logged so far (two pipes come in any order).
// Argument: the configuration file. Ends with its standard input, in order.

import { createInterface } from "node:readline";
import pino from "pino";
import * as abi from "../../../assembly/abi/index.ts";
import { type RunningAgent, startAgent } from "../../../host/agent/start.ts";
import { readConfigFile } from "../../../host/config/read.ts";
import { descriptors } from "./descriptors.ts";

/** What a test's function gets. */
export interface World {
  agent: RunningAgent;
  abi: typeof abi;
  /** What each open descriptor of this process is. */
  descriptors: typeof descriptors;
}

interface Request {
  id: number;
  code: string;
  word: unknown;
}

const { config } = readConfigFile(process.argv[2]);
const log = pino({ base: undefined }, pino.destination(2));
const agent = await startAgent(config, log);
const world: World = { agent, abi, descriptors };
process.stderr.write("told 0\n");
console.log("agent ready");

async function answer({ id, code, word }: Request): Promise<void> {
  const call = new Function(`return (${code})`)() as (world: World, word: unknown) => unknown;
  const reply = await Promise.try(() => call(world, word)).then(
    (result) => ({ id, result: result ?? null }),
    (error) => ({ id, error: String(error) }),
  );
  process.stderr.write(`told ${id}\n`);
  console.log(JSON.stringify(reply, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
}

for await (const line of createInterface({ input: process.stdin })) await answer(JSON.parse(line) as Request);
await agent.stop();
