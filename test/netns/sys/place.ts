// Calls of host/sys/udp.ts in another network namespace: a thread of its own enters it, opens, and hands over the number.

import { Worker } from "node:worker_threads";
import type { openReceiver, openSender, pathMtu } from "../../../host/sys/udp.ts";

export interface Calls {
  openReceiver: Parameters<typeof openReceiver>;
  openSender: Parameters<typeof openSender>;
  pathMtu: Parameters<typeof pathMtu>;
}

export class Place {
  readonly #worker: Worker;

  constructor(netns: string) {
    this.#worker = new Worker(new URL("./place-worker.ts", import.meta.url), { workerData: `/run/netns/${netns}` });
  }

  /** One at a time. */
  call<Name extends keyof Calls>(name: Name, ...words: Calls[Name]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("message", (reply: { result?: number; error?: string }) => {
        this.#worker.off("error", reject);
        if (reply.error === undefined) resolve(reply.result as number);
        else reject(new Error(reply.error));
      });
      this.#worker.postMessage({ name, words });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
