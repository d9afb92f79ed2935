// `weft agent --config FILE`, the process: what can be wrong is found before anything is created; SIGTERM and SIGINT end it, and what was
// created is removed. Logs go to stderr, `weft ready …` to stdout.

import { flushCompileCache } from "node:module";
import { type ConfigFile, readConfigFile } from "../config/read.ts";
import { messageOf } from "../model/errors.ts";
import { netnsId, netnsPath } from "../netdev/netns-path.ts";
import { assertCanRun } from "../sys/capabilities.ts";
import { openLog, signalled, tellManager } from "./process.ts";
import { startAgent } from "./start.ts";

/** Runs the agent until SIGTERM or SIGINT. Rejects with UsageError or OperationError, having created nothing or removed it again. */
export async function runAgent(configFile: string): Promise<void> {
  const file = readConfigFile(configFile);
  const { config } = file;
  const log = openLog(config.node.name);
  assertCanRun();
  assertNetnsExist(file);
  const stop = signalled();
  const agent = await startAgent(config, log);
  try {
    process.stdout.write(`weft ready node=${config.node.name} vtep=${config.node.vtep}:${config.node.dataPort} socket=${config.socket}\n`);
    tellManager("READY=1", log);
    // For the next start: this one may be killed.
    flushCompileCache();
    log.info({ signal: await stop }, "stopping");
    tellManager("STOPPING=1", log);
  } finally {
    await agent.stop();
  }
}

/** Missing namespaces are told with their place in the file. */
function assertNetnsExist({ config, errorAt }: ConfigFile): void {
  config.networks.forEach((network, n) => {
    network.ports.forEach((port, p) => {
      try {
        netnsId(netnsPath(port.netns));
      } catch (error) {
        throw errorAt(["networks", n, "ports", p, "netns"], messageOf(error));
      }
    });
  });
}
