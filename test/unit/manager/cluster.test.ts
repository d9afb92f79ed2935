import { beforeEach, describe, expect, test } from "vitest";
import { CLUSTER_KEY, tokenKey } from "../../../host/model/cluster/keys.ts";
import { hashOfSecret } from "../../../host/model/cluster/token-record.ts";
import { nodeId, START, TestCluster } from "./cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.make();
});

const token = (role: "worker" | "manager", rotate = false) => cluster.manager.ask(cluster.caller(), "token.show", { role, rotate });

describe("tokens", () => {
  test("are shown as they are", async () => {
    expect(await token("worker")).toEqual({ token: "worker:worker-secret" });
    expect(await token("manager")).toEqual({ token: "manager:manager-secret" });
  });

  test("are rotated one by one; the old one is known as such", async () => {
    const first = await token("worker", true);
    expect(first.token).toMatch(/^worker:[0-9a-z]{25}$/);
    expect(await token("worker")).toEqual(first);
    const second = await token("worker", true);
    expect(second.token).not.toBe(first.token);
    expect(await token("manager")).toEqual({ token: "manager:manager-secret" });
    const record = JSON.parse((await cluster.store.get(tokenKey("worker")))?.value ?? "");
    expect(record.rotated).toEqual([first.token.slice("worker:".length), "worker-secret"].map(hashOfSecret));
  });

  test("that are not there are made by --rotate alone", async () => {
    await cluster.store.commit([], [{ delete: tokenKey("worker") }]);
    await expect(token("worker")).rejects.toThrow("there is no token for a worker: make one with --rotate");
    expect(await token("worker", true)).toEqual(await token("worker"));
  });
});

test("what the cluster is", async () => {
  const ask = () => cluster.manager.ask(cluster.caller("b"), "cluster.info", {});
  expect(await ask()).toEqual({
    clusterId: nodeId("cluster"),
    createdAt: new Date(START).toISOString(),
    dataPort: 4789,
    nodes: 3,
    managers: ["192.168.0.1:2377"],
  });
  await cluster.store.commit([], [{ delete: CLUSTER_KEY }]);
  await expect(ask()).rejects.toThrow("the store holds no cluster");
});
