import { afterEach, beforeEach, expect, test } from "vitest";
import { ClusterView } from "../../../host/follow/cluster-view.ts";
import { Follower } from "../../../host/follow/follower.ts";
import { networkKey } from "../../../host/model/cluster/keys.ts";
import type { EndpointRecord, NetworkRecord } from "../../../host/model/cluster/records.ts";
import type { Store, Watcher } from "../../../host/model/cluster/store.ts";
import { nodeId, TestCluster } from "../manager/cluster.ts";

let cluster: TestCluster;
let view: ClusterView;
let follower: Follower;
let blue: NetworkRecord;
const heard: EndpointRecord[] = [];
const bad: string[] = [];
let applies = 0;
/** What the next one ends with, if not well. */
let defect: Error | null = null;
const failures: unknown[] = [];

beforeEach(async () => {
  cluster = await TestCluster.make();
  const id = await cluster.network("blue");
  blue = JSON.parse((await cluster.store.get(networkKey(id)))?.value ?? "");
  view = new ClusterView(nodeId("b"));
  heard.length = 0;
  bad.length = 0;
  applies = 0;
  defect = null;
  failures.length = 0;
  follower = new Follower({
    store: cluster.store,
    view,
    onChange: async () => {
      applies++;
      const why = defect;
      defect = null;
      if (why) throw why;
    },
    onFailure: (error) => failures.push(error),
    onEndpoint: (record) => heard.push(record),
    onBadRecord: (key) => bad.push(key),
    onConnection: () => {},
  });
});
afterEach(async () => {
  await follower.close();
  cluster.store.close();
});

/** An endpoint of this host, made by a manager and known here. */
async function joinBlue(): Promise<EndpointRecord> {
  const record = await cluster.endpoint(1, {}, "b");
  follower.addLocal(blue, { record, netns: "/run/netns/x", interface: "eth0" });
  return record;
}

const fdb = () => Object.fromEntries(view.desired.get(blue.id)?.fdb ?? []);

test("what was there before is known once it has synced, and so is who lives", async () => {
  await cluster.die("c");
  const remote = await cluster.endpoint(2, {}, "c");
  await joinBlue();
  follower.start();
  await cluster.store.settled();
  await follower.synced();
  await follower.flush();
  expect(fdb()).toEqual({ [remote.mac]: "192.168.0.3" });
  expect([...view.nodes.deadVteps()]).toEqual(["192.168.0.3"]);
  expect(view.missing()).toEqual([]);
});

test("what comes later is known, and told of one by one", async () => {
  follower.start();
  await cluster.store.settled();
  await joinBlue();
  await cluster.store.settled();
  await follower.flush();
  const remote = await cluster.endpoint(2, {}, "c");
  await cluster.store.settled();
  await follower.flush();
  expect(fdb()).toEqual({ [remote.mac]: "192.168.0.3" });
  expect(heard.map(({ id }) => id)).toContain(remote.id);
  await cluster.remove(2, "c");
  await cluster.store.settled();
  await follower.flush();
  expect(fdb()).toEqual({});
});

test("a network that this host has left is followed no more", async () => {
  follower.start();
  await cluster.store.settled();
  const { id } = await joinBlue();
  await cluster.store.settled();
  follower.removeLocal(blue.id, id);
  await follower.flush();
  const before = applies;
  await cluster.endpoint(2, {}, "c");
  await cluster.store.settled();
  await follower.flush();
  expect(view.desired.size).toBe(0);
  // flush() itself is one.
  expect(applies).toBe(before + 1);
});

test("many changes at once are applied together", async () => {
  follower.start();
  await cluster.store.settled();
  await joinBlue();
  await cluster.store.settled();
  await follower.flush();
  const before = applies;
  for (let i = 2; i < 12; i++) await cluster.store.commit([], [{ put: `/weft/v1/alive/x${i}`, value: "{}" }]);
  await cluster.store.settled();
  await follower.flush();
  expect(applies - before).toBeLessThanOrEqual(11);
  expect(applies - before).toBeGreaterThan(0);
});

test("a record that cannot be read is left out, and told", async () => {
  await joinBlue();
  const remote = await cluster.endpoint(2, {}, "c");
  await cluster.put(`/weft/v1/endpoint/${blue.id}/${nodeId("c")}/broken`, "{");
  follower.start();
  await cluster.store.settled();
  await follower.flush();
  expect(Object.keys(fdb())).toEqual([remote.mac]);
  expect(bad).toEqual([`/weft/v1/endpoint/${blue.id}/${nodeId("c")}/broken`]);
});

test("flush() comes back when what it waited for is applied, changes that come meanwhile included", async () => {
  follower.start();
  await cluster.store.settled();
  const record = await cluster.endpoint(1, {}, "b");
  follower.addLocal(blue, { record, netns: "/run/netns/x", interface: "eth0" });
  follower.addLocal(blue, { record: { ...record, id: "other", mac: "02:00:00:00:00:99" }, netns: "/run/netns/x", interface: "eth1" });
  const before = applies;
  await follower.flush();
  expect(applies).toBeGreaterThan(before);
  expect(view.desired.get(blue.id)?.ports.size).toBe(2);
});

test("a change that could not be applied is told once, who waits for it hears of it, and the next is applied", async () => {
  follower.start();
  await follower.synced();
  await follower.flush();
  defect = new TypeError("nobody has thought of it");
  const told = [defect];
  await expect(follower.flush()).rejects.toThrow("nobody has thought of it");
  expect(failures).toEqual(told);
  const before = applies;
  await joinBlue();
  await follower.flush();
  expect(applies).toBeGreaterThan(before);
});

test("a snapshot that comes in parts is the same", async () => {
  const parts: boolean[] = [];
  /** A store that tells each entry by itself, and the first of them twice: it broke off. */
  const inParts = (prefix: string, { onPart, ...watcher }: Watcher) =>
    cluster.store.watch(prefix, {
      ...watcher,
      onSnapshot: ({ revision, entries }) => {
        if (!onPart) return watcher.onSnapshot({ revision, entries });
        for (const [n, some] of [[entries[0]], [entries[0]], ...entries.slice(1).map((entry) => [entry])].entries()) {
          parts.push(n < 2);
          onPart(some, n < 2);
        }
        return watcher.onSnapshot({ revision, entries: [] });
      },
    });
  const other = new Follower({
    store: { watch: inParts } as unknown as Store,
    ...{ view, onChange: async () => {}, onFailure: () => {}, onEndpoint: () => {}, onBadRecord: () => {}, onConnection: () => {} },
  });
  const remotes = [await cluster.endpoint(2, {}, "c"), await cluster.endpoint(3, {}, "c")];
  const record = await cluster.endpoint(1, {}, "b");
  other.addLocal(blue, { record, netns: "/run/netns/x", interface: "eth0" });
  other.start();
  await cluster.store.settled();
  await other.synced();
  await other.flush();
  expect(parts).toEqual([true, true, false, false]);
  expect(Object.keys(fdb()).sort()).toEqual(remotes.map(({ mac }) => mac).sort());
  expect(view.missing()).toEqual([]);
  await other.close();
});
