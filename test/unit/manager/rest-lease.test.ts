import { beforeEach, expect, test } from "vitest";
import { RestLease } from "../../../host/manager/rest-lease.ts";
import { ADDRESS_REST_SECONDS } from "../../../host/model/cluster/records.ts";
import { StoreError } from "../../../host/model/cluster/store.ts";
import { TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let rest: RestLease;

beforeEach(async () => {
  cluster = await TestCluster.make();
  rest = new RestLease(cluster.store, () => cluster.clock);
});

test("is shared for a few seconds, and every address on it rests long enough", async () => {
  const first = await rest.take();
  expect(first.until).toBe("2026-01-01T00:01:05.000Z");
  cluster.clock += 5_000;
  expect(await rest.take()).toEqual(first);
  await cluster.store.commit([], [{ put: "/weft/v1/address/n/1", value: "", lease: first.lease }]);
  cluster.clock += ADDRESS_REST_SECONDS * 1000 - 1;
  expect(await cluster.store.get("/weft/v1/address/n/1")).not.toBeNull();
  cluster.clock += 2;
  expect(await cluster.store.get("/weft/v1/address/n/1")).toBeNull();
});

test("is another one later, and when the clock was set back", async () => {
  const first = await rest.take();
  cluster.clock += 5_001;
  const second = await rest.take();
  expect(second.lease).not.toBe(first.lease);
  cluster.clock -= 1;
  expect((await rest.take()).lease).not.toBe(second.lease);
});

test("one that has ended is replaced once", async () => {
  const used: string[] = [];
  const put = (key: string) =>
    rest.with(async ({ lease }) => {
      used.push(lease);
      return cluster.store.commit([], [{ put: key, value: "", lease }]);
    });
  await cluster.store.revokeLease((await rest.take()).lease);
  expect((await put("/weft/v1/address/n/1")).succeeded).toBe(true);
  expect(used).toHaveLength(2);
  await expect(
    rest.with(async () => {
      throw new StoreError("not-found", "ended");
    }),
  ).rejects.toThrow("ended");
});

test("one that could not be had is asked for again", async () => {
  const grant = cluster.store.grantLease.bind(cluster.store);
  cluster.store.grantLease = async () => {
    throw new StoreError("unavailable", "no manager answers");
  };
  await expect(rest.with(async () => 1)).rejects.toThrow("no manager answers");
  cluster.store.grantLease = grant;
  expect(await rest.with(async () => 1)).toBe(1);
});
