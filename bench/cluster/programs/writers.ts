// Puts of a record's size into the store, one after the other or by several writers at a time, each timed.

import type { ClusterClient } from "../../../host/store/client/store.ts";
import { type Access, connectAs, monotonicMs } from "./client.ts";
import { serve } from "./serve.ts";

const VALUE = "x".repeat(300);
/** Keys that are written again and again. */
const KEYS = 1000;

let client: ClusterClient;

async function put(key: string): Promise<number> {
  const began = performance.now();
  await client.commit([], [{ put: key, value: VALUE }]);
  return performance.now() - began;
}

serve({
  async open(access: Access) {
    client = connectAs(access);
  },
  /** One change, and when it was asked for. */
  async change({ key }: { key: string }) {
    const at = monotonicMs();
    await put(key);
    return { at, answered: monotonicMs() };
  },
  /** Milliseconds of each. */
  async lone({ prefix, count }: { prefix: string; count: number }) {
    const times: number[] = [];
    for (let n = 0; n < count; n++) times.push(await put(`${prefix}${n % KEYS}`));
    return times;
  },
  async many({ prefix, writers, seconds }: { prefix: string; writers: number; seconds: number }) {
    const times: number[] = [];
    const began = performance.now();
    const end = began + seconds * 1000;
    const write = async () => {
      while (performance.now() < end) times.push(await put(`${prefix}${times.length % KEYS}`));
    };
    await Promise.all(Array.from({ length: writers }, write));
    return { times, seconds: (performance.now() - began) / 1000 };
  },
});
