// The store in virtual time: what it tells watchers, and what a client that is cut off from the manager sees.

import { expect, test } from "vitest";
import { EngineStore } from "../../../../host/store/embedded/engine-store.ts";
import { Recorder } from "../../../contract/store/suite/recorder.ts";
import { ask, engineOf } from "./asking.ts";

function storeOf() {
  const { engine, clock } = engineOf();
  const store = new EngineStore(engine);
  const recorder = new Recorder();
  const watch = store.watch("/a/", recorder);
  return { engine, clock, store, recorder, watch };
}

test("transactions, and all under a prefix", async () => {
  const { store } = storeOf();
  const puts = [
    { put: "/a/x", value: "ä" },
    { put: "/a/y", value: "2" },
    { put: "/b", value: "3" },
  ];
  expect(await store.commit([{ key: "/a/x", is: "absent" }], puts)).toEqual({ succeeded: true, revision: 2 });
  expect(await store.commit([{ key: "/a/x", is: "absent" }], puts)).toEqual({ succeeded: false, revision: 2 });
  expect(await store.get("/a/x")).toMatchObject({ value: "ä", createRevision: 2, modRevision: 2, version: 1, lease: "0" });
  expect(await store.get("/a/")).toBeNull();
  const { revision, entries } = await store.list("/a/");
  expect([revision, entries.map(({ key, value }) => key + value)]).toEqual([2, ["/a/xä", "/a/y2"]]);
  expect((await store.list("/a/", { keysOnly: true })).entries.map(({ value }) => value)).toEqual(["", ""]);
  await expect(store.commit([], [puts[0], puts[0]])).rejects.toMatchObject({ name: "StoreError", failure: "invalid" });
});

test("watchers hear at ticks: a snapshot, then every change of their prefix, once", async () => {
  const { store, recorder, watch } = storeOf();
  await store.commit([], [{ put: "/a/x", value: "1" }]);
  await store.tick();
  expect(recorder.snapshots.map(({ entries }) => entries.length)).toEqual([1]);
  await store.commit([], [{ put: "/b", value: "1" }]);
  await store.commit([], [{ put: "/a/y", value: "2" }, { delete: "/a/x" }]);
  expect(recorder.events).toEqual([]);
  await store.tick();
  await store.tick();
  expect(recorder.events.map(({ type }) => type)).toEqual(["put", "delete"]);
  expect([recorder.revision, recorder.faults, recorder.connections]).toEqual([4, [], [true]]);
  watch.close();
  await store.commit([], [{ put: "/a/z", value: "" }]);
  await store.tick();
  expect(recorder.events.length).toBe(2);
});

test("leases end by the clock that was given", async () => {
  const { store, clock, recorder } = storeOf();
  const { id, ttlSeconds } = await store.grantLease(4);
  expect(ttlSeconds).toBe(4);
  await store.commit([], [{ put: "/a/x", value: "", lease: id }]);
  await store.tick();
  clock.ms = 3_999;
  expect(await store.keepLease(id)).toBe(4);
  clock.ms = 7_998;
  await store.tick();
  expect(recorder.events).toEqual([]);
  clock.ms = 7_999;
  await store.tick();
  expect(recorder.events).toEqual([{ type: "delete", key: "/a/x", modRevision: 3 }]);
  await expect(store.keepLease(id)).rejects.toMatchObject({ failure: "not-found", message: `lease ${id} has ended` });
  await expect(store.revokeLease(id)).rejects.toMatchObject({ failure: "not-found" });
});

test("who is cut off can do nothing and hears nothing, and misses nothing afterwards", async () => {
  const { store, engine, recorder } = storeOf();
  const other = new EngineStore(engine);
  await store.tick();
  store.cut("no manager answers");
  await expect(store.get("/a/x")).rejects.toMatchObject({ failure: "unavailable", message: "no manager answers" });
  await other.commit([], [{ put: "/a/x", value: "1" }]);
  await store.tick();
  expect([recorder.events, recorder.connections, recorder.reasons]).toEqual([[], [true, false], ["no manager answers"]]);
  store.cut(null);
  await store.tick();
  expect([recorder.events.length, recorder.snapshots.length, recorder.connections]).toEqual([1, 1, [true, false, true]]);
  store.close();
  await other.commit([], [{ put: "/a/x", value: "2" }]);
  await store.tick();
  expect(recorder.events.length).toBe(1);
});

test("history that is gone, or a watcher that fails, means a new snapshot", async () => {
  const { store, engine, recorder } = storeOf();
  await store.tick();
  for (const value of ["1", "2", "3"]) await store.commit([], [{ put: "/a/x", value }]);
  ask(engine, "compact", { revision: engine.revision });
  await store.tick();
  expect([recorder.snapshots.length, recorder.events.length]).toEqual([2, 0]);
  let fails = 1;
  const told: string[] = [];
  store.watch("/a/", {
    onSnapshot: ({ revision }) => void told.push(`snapshot ${revision}`),
    onEvents: (_, revision) => {
      if (fails-- > 0) throw new Error("not now");
      told.push(`events ${revision}`);
    },
  });
  await store.tick();
  await store.commit([], [{ delete: "/a/x" }]);
  await store.tick();
  await store.tick();
  await store.commit([], [{ put: "/a/x", value: "4" }]);
  await store.tick();
  expect(told).toEqual(["snapshot 4", "snapshot 5", "events 6"]);
});
