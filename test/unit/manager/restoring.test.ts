import { beforeEach, expect, test } from "vitest";
import { RESTORING_KEY } from "../../../host/model/cluster/keys.ts";
import { RESTORING_SECONDS } from "../../../host/model/cluster/records.ts";
import { TestCluster } from "./cluster.ts";
import { expectConsistent } from "./invariants.ts";

const REFUSED = /^the cluster was restored from a backup less than 20 s ago: .*: try again$/;
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.make();
  await cluster.network("blue");
  await cluster.endpoint(1, {}, "b");
  const { id: lease } = await cluster.store.grantLease(RESTORING_SECONDS);
  await cluster.store.commit([], [{ put: RESTORING_KEY, value: "", lease }]);
});

test("for a while after a restore nothing new is made", async () => {
  await expect(cluster.endpoint(2)).rejects.toThrow(REFUSED);
  await expect(cluster.network("red")).rejects.toThrow(REFUSED);
  cluster.clock += RESTORING_SECONDS * 1000 + 1;
  expect((await cluster.endpoint(2)).addresses).toHaveLength(1);
  await cluster.network("red");
  expectConsistent(cluster);
});

test("what is there is asked for again, and let in, on a node that is drained too", async () => {
  expect((await cluster.endpoint(1, {}, "b")).addresses).toHaveLength(1);
  await cluster.manager.ask(cluster.caller(), "node.drain", { name: "b" });
  const mac = "02:00:00:00:00:99";
  expect(await cluster.endpoint(2, { ips: ["10.0.0.9"], mac, isBack: true }, "b")).toMatchObject({ mac, addresses: ["10.0.0.9/24"] });
  await expect(cluster.endpoint(3, { ips: ["10.0.0.9"], mac: "02:00:00:00:00:98", isBack: true }, "a")).rejects.toThrow(
    "Address already in use: 10.0.0.9 is that of c2 on node b",
  );
  expectConsistent(cluster);
});
