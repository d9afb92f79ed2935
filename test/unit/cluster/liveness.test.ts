// Liveness on the embedded store's engine, in virtual time.

import { afterEach, beforeEach, expect, test } from "vitest";
import { Liveness } from "../../../host/cluster/liveness.ts";
import { aliveKey } from "../../../host/model/cluster/keys.ts";
import { ALIVE_TTL_SECONDS } from "../../../host/model/cluster/records.ts";
import { Engine } from "../../../host/store/embedded/engine.ts";
import { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import { VirtualClock } from "./virtual-clock.ts";

const TTL_MS = ALIVE_TTL_SECONDS * 1000;
let clock: VirtualClock;
let engine: Engine;
let store: EngineStore;
let told: string[];
const started: Liveness[] = [];

beforeEach(() => {
  clock = new VirtualClock();
  engine = new Engine({ file: ":memory:", nowMs: () => clock.now() });
  store = new EngineStore(engine);
  told = [];
});
afterEach(() => {
  for (const liveness of started.splice(0)) liveness.stop();
  engine.close();
});

function start(incarnation: number): Liveness {
  const liveness = new Liveness({
    store,
    nodeId: "n",
    incarnation,
    clock,
    onAlive: () => told.push("alive"),
    onFailure: (message) => told.push(message),
    onKept: () => told.push("kept"),
  });
  started.push(liveness);
  return liveness;
}

/** Time passes for the store too; what is there of the node at the end of it. */
async function pass(ms: number): Promise<object | null> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.pass(100);
    await store.tick();
  }
  const other = new EngineStore(engine);
  const entry = await other.get(aliveKey("n"));
  other.close();
  return entry && { ...JSON.parse(entry.value), leased: entry.lease !== "0" };
}

test("it lives for as long as it runs, and a lease's length longer", async () => {
  const liveness = start(7);
  expect(await pass(100)).toEqual({ incarnation: 7, leased: true });
  expect(await pass(60_000)).toEqual({ incarnation: 7, leased: true });
  liveness.stop();
  expect(await pass(TTL_MS - 1500)).toEqual({ incarnation: 7, leased: true });
  expect(await pass(2000)).toBe(null);
  expect(told).toEqual(["alive"]);
});

test("a manager that is away for less than the lease is not noticed by others; for longer, the node is dead until it is back", async () => {
  start(1);
  await pass(1000);
  store.cut("no manager answers");
  expect(await pass(2000)).toEqual({ incarnation: 1, leased: true });
  store.cut(null);
  expect(await pass(1500)).toEqual({ incarnation: 1, leased: true });
  expect(told).toEqual(["alive", "no manager answers", "kept"]);
  store.cut("no manager answers");
  expect(await pass(60_000)).toBe(null);
  store.cut(null);
  expect(await pass(1500)).toEqual({ incarnation: 1, leased: true });
  expect(told).toEqual(["alive", "no manager answers", "kept", "no manager answers", "alive", "kept"]);
});

test("a successor takes the key over before the lease has ended, and nobody sees a death", async () => {
  start(1).stop();
  const first = start(1);
  await pass(500);
  first.stop();
  await pass(1000);
  start(2);
  for (let n = 0; n < 20; n++) expect(await pass(500)).not.toBe(null);
  expect(await pass(100)).toEqual({ incarnation: 2, leased: true });
});

test("a host whose clock is set, or that slept, lives on", async () => {
  start(1);
  await pass(1000);
  clock.jump(3_600_000);
  expect(await pass(2000)).toEqual({ incarnation: 1, leased: true });
  clock.jump(-3_600_000);
  expect(await pass(2000)).toEqual({ incarnation: 1, leased: true });
});
