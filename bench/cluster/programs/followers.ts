// Agents without a data path: each with a connection, a follower and a view of its own, in one network. They note when they would have forwarded by an
// endpoint.

import { ClusterView } from "../../../host/follow/cluster-view.ts";
import { Follower } from "../../../host/follow/follower.ts";
import { networkKey } from "../../../host/model/cluster/keys.ts";
import type { EndpointRecord, NetworkRecord } from "../../../host/model/cluster/records.ts";
import { type Access, connectAs } from "./client.ts";
import { serve } from "./serve.ts";

/** That begin at a time. */
const OPENING = 25;

/** Endpoint → milliseconds from its record's time, one for each follower. */
const applied = new Map<string, number[]>();
let followers = 0;

async function open(access: Access, network: string, number: number): Promise<void> {
  const client = connectAs(access);
  const view = new ClusterView(`follower-${number}`);
  let coming: EndpointRecord[] = [];
  const follower = new Follower({
    store: client,
    view,
    onChange: async () => {
      view.takeDirty();
      const now = performance.timeOrigin + performance.now();
      for (const { id, createdAt } of coming) note(id, now - Date.parse(createdAt));
      coming = [];
    },
    onFailure: (error) => console.error(error),
    onEndpoint: (record) => coming.push(record),
    onBadRecord: (key, why) => console.error(`${key}: ${why}`),
    onConnection: () => {},
  });
  const entry = await client.get(networkKey(network));
  const record = JSON.parse(entry?.value ?? "") as NetworkRecord;
  follower.start();
  follower.addLocal(record, { record: ownEndpoint(network, number), netns: "/none", interface: "eth0" });
  await follower.synced();
  followers++;
}

/** It is in a view and nowhere else. */
function ownEndpoint(network: string, number: number): EndpointRecord {
  const id = `own-${number}`;
  const node = `follower-${number}`;
  return { id, network, node, name: "", aliases: [], mac: "02:00:00:00:00:01", addresses: [], container: null, createdAt: "" };
}

function note(id: string, ms: number): void {
  const times = applied.get(id) ?? [];
  times.push(ms);
  applied.set(id, times);
}

serve({
  async open({ access, network, count }: { access: Access; network: string; count: number }) {
    for (let from = 0; from < count; from += OPENING) {
      const some = Array.from({ length: Math.min(OPENING, count - from) }, (_, n) => open(access, network, from + n));
      await Promise.all(some);
    }
  },
  /** The times of an endpoint, once all have it. */
  async applied({ id }: { id: string }) {
    const times = applied.get(id) ?? [];
    return times.length >= followers ? times : null;
  },
});
