import { beforeEach, describe, expect, test } from "vitest";
import { addressKey } from "../../../host/model/cluster/keys.ts";
import { endpointId, TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

let cluster: TestCluster;
let blue: string;

beforeEach(async () => {
  cluster = await TestCluster.make();
  blue = await cluster.network("blue");
  await cluster.endpoint(1, { mac: "02:00:00:00:00:01" }, "b");
});

describe("an endpoint that is removed", () => {
  test("leaves nothing but its address, which rests", async () => {
    expect(await cluster.remove(1, "b")).toEqual({});
    const { endpoints, addresses, macs } = cluster.contents();
    expect([endpoints, macs]).toEqual([[], []]);
    expect(addresses).toEqual([
      {
        network: blue,
        ip: "10.0.0.2",
        endpoint: null,
        node: null,
        restingMac: "02:00:00:00:00:01",
        restingUntil: "2026-01-01T00:01:05.000Z",
      },
    ]);
    cluster.clock += 59_000;
    expect(cluster.contents().addresses).toHaveLength(1);
    cluster.clock += 7_000;
    expect(cluster.contents().addresses).toEqual([]);
  });

  test("may be removed again, by its id's network or name, and when the network is gone", async () => {
    await cluster.remove(1, "b", blue);
    const { revision } = cluster.store;
    expect(await cluster.remove(1, "b")).toEqual({});
    expect(await cluster.remove(2, "b")).toEqual({});
    expect(await cluster.remove(1, "b", "nothing")).toEqual({});
    expect(cluster.store.revision).toBe(revision);
  });

  test("is removed by its own node, or on a manager", async () => {
    await cluster.remove(1, "c");
    expect(cluster.contents().endpoints).toHaveLength(1);
    await cluster.remove(1, "a");
    expect(cluster.contents().endpoints).toHaveLength(0);
    expectConsistent(cluster);
  });

  test("leaves alone what is no longer its own", async () => {
    await cluster.put(addressKey(blue, "10.0.0.2"), { endpoint: endpointId(9), node: "other" });
    await cluster.remove(1, "b");
    expect(cluster.contents().addresses).toMatchObject([{ endpoint: endpointId(9) }]);
  });

  test("whose answer was lost is removed all the same", async () => {
    cluster.store.nextCommitFails = "after";
    await expect(cluster.remove(1, "b")).rejects.toThrow("cut");
    await cluster.remove(1, "b");
    expect(cluster.contents().endpoints).toEqual([]);
    expectConsistent(cluster);
  });
});
