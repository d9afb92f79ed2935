// The thread of place.ts.

import { parentPort, workerData } from "node:worker_threads";
import { enterNetns } from "../../../host/sys/netns.ts";
import { openReceiver, openSender, pathMtu } from "../../../host/sys/udp.ts";

const calls: Record<string, (...words: never[]) => number> = { openReceiver, openSender, pathMtu };
enterNetns(workerData);
parentPort?.on("message", ({ name, words }: { name: string; words: never[] }) => {
  try {
    parentPort?.postMessage({ result: calls[name](...words) });
  } catch (error) {
    parentPort?.postMessage({ error: String((error as Error).message) });
  }
});
