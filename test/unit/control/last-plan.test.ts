import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LastPlan, readPlan } from "../../../host/control/last-plan.ts";
import type { Desired, DesiredNetwork } from "../../../host/model/forwarding.ts";
import { formatMac } from "../../../host/model/mac.ts";
import { eventually } from "../../../lab/wait.ts";

const SETTINGS = {
  name: "blue",
  vni: 42,
  mtu: null,
  learning: false,
  allowUnlistedSources: false,
  ignoreReservedBits: false,
  allowVlanTags: false,
  tos: "inherit",
  ttl: 64,
  ageingSeconds: 300,
} as const;
const PORT = { netns: "/proc/1/ns/net", interface: "eth0", addresses: ["10.0.0.1/24"], mac: "02:00:00:00:00:09" };

let directory: string;
let file: string;
let failures: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-plan-"));
  file = join(directory, "state", "plan.json");
  failures = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function desiredWith(entries: number): Desired {
  const macs = Array.from({ length: entries }, (_, i) => formatMac(0x020000000000 + i));
  const blue: DesiredNetwork = {
    settings: SETTINGS,
    peers: new Set(["192.0.2.1", "192.0.2.2"]),
    fdb: new Map(macs.map((mac) => [mac, "192.0.2.1"])),
    neighbors: new Map(macs.map((mac, i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, mac])),
    ports: new Map([["/proc/1/ns/net/eth0", PORT]]),
  };
  const probes: DesiredNetwork = {
    settings: { ...SETTINGS, name: "probes", vni: 77, probes: true },
    peers: new Set<string>(),
    fdb: new Map(),
    neighbors: new Map(),
    ports: new Map(),
  };
  return new Map([
    ["w1", blue],
    ["probes", probes],
  ]);
}

const written = async (desired: Desired) => {
  const plan = new LastPlan(file, (why) => failures.push(why));
  plan.save(desired);
  await plan.stop();
};

test.each([0, 1, 1000, 2345])("is read back as it was, with %i entries", async (entries) => {
  const desired = desiredWith(entries);
  await written(desired);
  expect(readPlan(file)).toEqual(desired);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(failures).toEqual([]);
});

test("is replaced in one step: a half-written one beside it changes nothing, and is written over", async () => {
  await written(desiredWith(3));
  writeFileSync(`${file}.new`, "half", { mode: 0o644 });
  expect(readPlan(file)).toEqual(desiredWith(3));
  await written(desiredWith(4));
  expect(readPlan(file)).toEqual(desiredWith(4));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("is written soon, at most once a second, as it then is; and when it is stopped", async () => {
  const plan = new LastPlan(file, (why) => failures.push(why));
  const desired = desiredWith(1);
  const has = (name: string) => {
    const read = readPlan(file);
    return typeof read !== "string" && read.has(name);
  };
  plan.save(desired);
  await eventually("the first", () => has("w1"));
  const first = performance.now();
  for (const name of ["second", "third"]) {
    desired.set(name, { ...desiredWith(0).get("probes")!, settings: { ...SETTINGS, name } });
    plan.save(desired);
  }
  await eventually("the others", () => has("second"));
  expect(performance.now() - first).toBeGreaterThan(500);
  expect(has("third")).toBe(true);
  desired.delete("w1");
  plan.save(desired);
  await plan.stop();
  expect(has("w1")).toBe(false);
  expect(failures).toEqual([]);
});

test("a large one is written more seldom", async () => {
  const plan = new LastPlan(file, (why) => failures.push(why));
  const desired = desiredWith(25_000);
  plan.save(desired);
  const isThere = (name: string) => {
    const read = readPlan(file);
    return typeof read !== "string" && read.has(name);
  };
  await eventually("the first", () => isThere("w1"));
  const first = performance.now();
  desired.set("second", desiredWith(0).get("probes")!);
  plan.save(desired);
  await eventually("the second", () => isThere("second"));
  // 25 lines of each kind, and what had passed when the first was seen.
  expect(performance.now() - first).toBeGreaterThan(1500);
  await plan.stop();
});

test("that cannot be written is told of, and nothing else happens", async () => {
  writeFileSync(join(directory, "state"), "a file where the directory should be");
  await written(desiredWith(1));
  expect(failures).toEqual([expect.stringMatching(/exists|not a directory/)]);
});

test("that could not be written leaves no half of it, and is written as soon as it can be", async () => {
  // A directory that is not empty cannot be replaced by a file.
  mkdirSync(join(file, "in the way"), { recursive: true });
  const plan = new LastPlan(file, (why) => failures.push(why));
  plan.again();
  plan.save(desiredWith(3));
  await eventually("it to be told", () => failures.length === 1);
  await eventually("nothing to be left beside it", () => readdirSync(join(directory, "state")).join() === "plan.json");
  rmSync(file, { recursive: true });
  plan.again();
  await plan.stop();
  expect(readPlan(file)).toEqual(desiredWith(3));
  expect(failures).toHaveLength(1);
});

test("that cannot be used says why", async () => {
  expect(readPlan(file)).toMatch(/plan\.json: no such file/);
  await written(desiredWith(2000));
  const whole = readFileSync(file, "utf8");
  const lines = whole.split("\n");
  const changed = (text: string) => {
    writeFileSync(file, text);
    return readPlan(file);
  };
  for (const cut of [0, 10, whole.length >> 1, whole.length - 2])
    expect(changed(whole.slice(0, cut)), `cut at ${cut}`).toMatch(/plan\.json: /);
  expect(changed(lines.toSpliced(3, 1).join("\n"))).toMatch(/cut short/);
  expect(changed(whole.replace('"version":2', '"version":1'))).toMatch(/not a plan that this version reads/);
  expect(changed(whole.replace('"vni":42', '"vni":"x"'))).toMatch(/not a plan/);
  expect(changed(lines.toSpliced(1, 1, lines[2]).join("\n"))).toMatch(/entries of no network/);
  expect(changed(whole)).toEqual(desiredWith(2000));
});

test("a large one leaves the main thread to others while it is written", async () => {
  const desired = desiredWith(100_000);
  const turns: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    turns.push(performance.now() - last);
    last = performance.now();
  }, 1);
  await written(desired);
  clearInterval(timer);
  // More than a hundred lines of each kind: not one turn for all of them.
  expect(turns.length).toBeGreaterThan(10);
  const read = readPlan(file) as Desired;
  expect([read.get("w1")?.fdb.size, read.get("w1")?.neighbors.size]).toEqual([100_000, 100_000]);
});
