import { afterEach, beforeEach, expect, test } from "vitest";
import { Reporter } from "../../../host/cluster/report.ts";
import { reportKey } from "../../../host/model/cluster/keys.ts";
import type { ReportRecord } from "../../../host/model/cluster/records.ts";
import { Engine } from "../../../host/store/embedded/engine.ts";
import { EngineStore } from "../../../host/store/embedded/engine-store.ts";
import { VirtualClock } from "./virtual-clock.ts";

const REPORT: ReportRecord = { version: "1", incarnation: 1, underlayMtu: 1500, routes: [] };
let clock: VirtualClock;
let engine: Engine;
let store: EngineStore;
let failures: string[];
let reporter: Reporter;

beforeEach(() => {
  clock = new VirtualClock();
  engine = new Engine({ file: ":memory:", nowMs: () => clock.now() });
  store = new EngineStore(engine);
  failures = [];
  reporter = new Reporter({ store, nodeId: "n", clock, onFailure: (message) => failures.push(message) });
});
afterEach(() => {
  reporter.stop();
  engine.close();
});

/** The MTU that is written, and how often it was. */
async function written(): Promise<[number, number] | null> {
  const entry = await store.get(reportKey("n"));
  return entry && [JSON.parse(entry.value).underlayMtu, entry.version];
}

test("it writes what changes, and only that", async () => {
  for (const underlayMtu of [1500, 1500, 9000, 9000]) {
    reporter.say({ ...REPORT, underlayMtu });
    await clock.pass(10_000);
  }
  expect(await written()).toEqual([9000, 2]);
  reporter.again();
  await clock.pass(0);
  expect(await written()).toEqual([9000, 3]);
});

test("of several changes at once the last is written in the end", async () => {
  for (let underlayMtu = 1400; underlayMtu <= 1500; underlayMtu++) reporter.say({ ...REPORT, underlayMtu });
  await clock.pass(0);
  expect((await written())?.[0]).toBe(1500);
});

test("it tries until a manager answers, tells of it once, and then writes what is so by then", async () => {
  store.cut("no manager answers");
  reporter.say(REPORT);
  await clock.pass(7000);
  reporter.say({ ...REPORT, underlayMtu: 8000 });
  await clock.pass(7000);
  expect(failures).toEqual(["no manager answers"]);
  store.cut(null);
  expect(await written()).toBe(null);
  await clock.pass(2000);
  expect(await written()).toEqual([8000, 1]);
});

test("stopped, it writes nothing more", async () => {
  store.cut("away");
  reporter.say(REPORT);
  await clock.pass(100);
  reporter.stop();
  store.cut(null);
  await clock.pass(10_000);
  expect(await written()).toBe(null);
});
