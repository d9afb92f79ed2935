import { beforeEach, expect, test } from "vitest";
import type { Context } from "../../../host/manager/context.ts";
import { read } from "../../../host/manager/context.ts";
import { releaseNode, releaseOf } from "../../../host/manager/release.ts";
import { RestLease } from "../../../host/manager/rest-lease.ts";
import { aliveKey, endpointKey, macKey } from "../../../host/model/cluster/keys.ts";
import type { EndpointRecord } from "../../../host/model/cluster/records.ts";
import type { Compare } from "../../../host/model/cluster/store.ts";
import { endpointId, nodeId, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

let cluster: TestCluster;
let context: Context;
let blue: string;

beforeEach(async () => {
  cluster = await TestCluster.make();
  blue = await cluster.network("blue", { EnableIPv6: true });
  context = { store: cluster.store, rest: new RestLease(cluster.store, () => cluster.clock) } as Partial<Context> as Context;
});

test("a release is of what is the endpoint's own, as it was read", async () => {
  await cluster.endpoint(1, { mac: "02:00:00:00:00:01" });
  await cluster.put(macKey(blue, "02:00:00:00:00:01"), endpointId(2));
  const endpoint = await read<EndpointRecord>(cluster.store, endpointKey(blue, nodeId("a"), endpointId(1)));
  const rest = await context.rest.take();
  const { compares, changes } = await releaseOf(cluster.store, endpoint as NonNullable<typeof endpoint>, rest);
  expect(compares).toHaveLength(3);
  expect(changes).toEqual([
    { delete: endpoint?.key },
    expect.objectContaining({ lease: rest.lease }),
    expect.objectContaining({ lease: rest.lease }),
  ]);
  await cluster.put(endpoint?.key as string, { ...endpoint?.record, name: "other" });
  expect((await cluster.store.commit(compares, changes)).succeeded).toBe(false);
});

test("a node's endpoints are freed some at a time, as long as the condition holds", async () => {
  for (let number = 0; number < 70; number++) await cluster.endpoint(number, {}, "b");
  await cluster.endpoint(100, {}, "c");
  const gone: Compare = { key: aliveKey(nodeId("b")), is: "absent" };
  expect(await releaseNode(context, nodeId("b"), [gone])).toBeNull();
  expect(cluster.contents().endpoints).toHaveLength(71);
  await cluster.die("b");
  const sizes: number[] = [];
  const commit = cluster.store.commit.bind(cluster.store);
  cluster.store.commit = (compares, changes) => {
    sizes.push(compares.length, changes.length);
    // It is back before the last part.
    if (sizes.length === 6) return cluster.live("b").then(() => commit(compares, changes));
    return commit(compares, changes);
  };
  expect(await releaseNode(context, nodeId("b"), [gone])).toBeNull();
  expect(Math.max(...sizes)).toBeLessThanOrEqual(128);
  expect(cluster.contents().endpoints).toHaveLength(71 - 48);
  cluster.store.commit = commit;
  expect(await releaseNode(context, nodeId("b"), [])).toBe(22);
  expect(await releaseNode(context, nodeId("b"), [])).toBe(0);
  expectConsistent(cluster);
});
