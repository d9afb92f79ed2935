import { expect, test } from "vitest";
import {
  CONFLICTS_MAX,
  isoTime,
  nextCount,
  read,
  readAll,
  sameCounter,
  stored,
  unchanged,
  untilDone,
} from "../../../host/manager/context.ts";
import { POOLS_KEY, TOKENS, tokenKey } from "../../../host/model/cluster/keys.ts";
import { TestCluster } from "./cluster.ts";

test("a lost race is run again, a bounded number of times", async () => {
  let tries = 0;
  expect(await untilDone("x", async (round) => (round < 3 ? null : ++tries))).toBe(1);
  await expect(untilDone("network blue", async () => (tries++ < 0 ? 0 : null))).rejects.toThrow(
    `network blue: the state was changed by others ${CONFLICTS_MAX} times in a row: nothing was done, try again`,
  );
  expect(tries).toBe(CONFLICTS_MAX + 1);
  expect(await untilDone("x", async () => false)).toBe(false);
});

test("a counter is compared and counted on, whether it is there or not", async () => {
  const { store } = await TestCluster.make();
  expect([sameCounter(POOLS_KEY, null), nextCount(null)]).toEqual([{ key: POOLS_KEY, is: "absent" }, "1"]);
  await store.commit([sameCounter(POOLS_KEY, null)], [{ put: POOLS_KEY, value: nextCount(null) }]);
  const entry = await store.get(POOLS_KEY);
  expect([sameCounter(POOLS_KEY, entry), nextCount(entry)]).toEqual([{ key: POOLS_KEY, modRevision: entry?.modRevision }, "2"]);
});

test("records are read with what a transaction needs of them", async () => {
  const { store } = await TestCluster.make();
  const token = await read<{ secret: string }>(store, tokenKey("worker"));
  expect(token).toMatchObject({ key: tokenKey("worker"), record: { secret: "worker-secret" }, json: '{"secret":"worker-secret"}' });
  expect(token && unchanged(token)).toEqual({ key: tokenKey("worker"), modRevision: token?.modRevision });
  expect(await read(store, tokenKey("none"))).toBeNull();
  expect((await readAll(store, TOKENS)).map(({ key }) => key)).toEqual([tokenKey("manager"), tokenKey("worker")]);
  expect(stored({ key: "k", value: "[1]", createRevision: 1, modRevision: 2, version: 1, lease: "0" })).toEqual({
    key: "k",
    record: [1],
    json: "[1]",
    modRevision: 2,
  });
});

test("times are ISO 8601", () => {
  expect(isoTime(0)).toBe("1970-01-01T00:00:00.000Z");
});
