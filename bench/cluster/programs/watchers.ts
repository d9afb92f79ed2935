// Many clients that watch a network's endpoints, each with a connection of its own, as agents have them; and, if asked, that say each second that they
// live. Notes when each hears of each change.

import type { Watch } from "../../../host/model/cluster/store.ts";
import type { ClusterClient } from "../../../host/store/client/store.ts";
import { type Access, connectAs, monotonicMs } from "./client.ts";
import { serve } from "./serve.ts";

const LEASE_SECONDS = 4;
const KEEP_MS = 1000;
/** Connections that are made at a time. */
const OPENING = 50;

interface Watcher {
  client: ClusterClient;
  watch: Watch;
  lease: string | null;
}

const watchers: Watcher[] = [];
/** Of the last change of each key: when it was heard, one for each watcher. */
const heard = new Map<string, number[]>();
let events = 0;
let snapshots = 0;
let timer: NodeJS.Timeout | undefined;

async function open(access: Access, prefix: string): Promise<void> {
  const client = connectAs(access);
  const { promise, resolve } = Promise.withResolvers<void>();
  const watch = client.watch(prefix, {
    onSnapshot() {
      snapshots++;
      resolve();
    },
    onEvents(all) {
      const now = monotonicMs();
      events += all.length;
      for (const event of all) {
        const key = event.type === "put" ? event.entry.key : event.key;
        const times = heard.get(key);
        if (times) times.push(now);
      }
    },
  });
  watchers.push({ client, watch, lease: null });
  await promise;
}

serve({
  async open({ access, prefix, count }: { access: Access; prefix: string; count: number }) {
    for (let left = count; left > 0; left -= OPENING)
      await Promise.all(Array.from({ length: Math.min(left, OPENING) }, () => open(access, prefix)));
  },
  /** Each from now on keeps a lease alive, once a second, spread over it. */
  async live() {
    for (const [i, watcher] of watchers.entries())
      if (i % OPENING === 0 || watcher.lease === null) watcher.lease = (await watcher.client.grantLease(LEASE_SECONDS)).id;
    let next = 0;
    const step = KEEP_MS / watchers.length;
    const began = performance.now();
    timer = setInterval(() => {
      for (; next * step < performance.now() - began; next++) {
        const { client, lease } = watchers[next % watchers.length];
        if (lease !== null) client.keepLease(lease).catch(() => {});
      }
    }, 10);
  },
  /** From now on the times of these keys are noted. */
  async note({ keys }: { keys: string[] }) {
    for (const key of keys) heard.set(key, []);
  },
  /** When they heard of a key, once all have. */
  async heard({ key }: { key: string }) {
    return (heard.get(key) ?? []).length >= watchers.length ? heard.get(key) : null;
  },
  /** Events that all of them have had together, and snapshots: more than one each says that a watch could not go on. */
  async events() {
    return { events, snapshots };
  },
  async close() {
    clearInterval(timer);
    for (const { client } of watchers) client.close();
    watchers.length = 0;
  },
});
