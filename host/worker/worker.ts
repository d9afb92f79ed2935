// Entry of a worker thread (Piscina runs the default export): one task that lasts as long as the data path does.

import { flushCompileCache } from "node:module";
import { instantiate } from "../core/module.ts";
import { stayOnCpu } from "../sys/affinity.ts";
import { Breath } from "./breath.ts";
import { DgramBreath } from "./dgram-breath.ts";
import type { WorkerResult, WorkerTask } from "./task.ts";

/** Runs worker `task.worker` until it is told to stop. Rejects with the core's trap, or with what the kernel refused at start. */
export default async function run(task: WorkerTask): Promise<WorkerResult> {
  const core = instantiate(task.module, task.memory);
  if (core.attach(task.worker) !== 0) throw new Error(`there is no worker ${task.worker} in this memory`);
  if (task.pinned) stayOnCpu(task.worker);
  flushCompileCache();
  if (task.backend === "dgram") await new DgramBreath(task, core).run();
  else new Breath(task, core).run();
  return "stopped";
}
