// The overlay on a real data path of this process, without interfaces: what the view says is in the tables, and who is dead is suspended.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DataPath } from "../../../../host/agent/data-path.ts";
import { KnownNodes } from "../../../../host/agent/member/known-nodes.ts";
import { ManagerClock } from "../../../../host/agent/member/manager-clock.ts";
import { Overlay, type OverlayParts } from "../../../../host/agent/member/overlay.ts";
import { PROBE_NETWORK } from "../../../../host/agent/member/probe-network.ts";
import { LastPlan, readPlan } from "../../../../host/control/last-plan.ts";
import { ClusterView } from "../../../../host/follow/cluster-view.ts";
import { endpointRecord, networkRecord, nodeRecord, setEndpoints } from "../../../unit/follow/records.ts";
import { loopbackConfig, recordFile } from "../loopback.ts";

const BLUE = networkRecord("w1", { name: "blue" });
const log = pino({ enabled: false });
const undo: (() => unknown)[] = [];
let path: DataPath;
let view: ClusterView;
let overlay: Overlay;
let planFile: string;
let suspect: (vteps: Set<string>) => void;
/** How often the prober was told of all nodes. */
let probed = 0;
/** VTEPs that answer probes. */
const answering = new Set<string>();
const clock = new ManagerClock(() => Date.parse("2026-01-01T00:00:00.250Z"));

beforeEach(async () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-overlay-"));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  answering.clear();
  planFile = join(directory, "plan.json");
  path = await DataPath.open(await loopbackConfig(), recordFile(undo), log);
  undo.push(() => path.stop((forwarding) => forwarding.release()));
  await path.start();
  view = new ClusterView("self");
  view.setNodes([nodeRecord("self", "127.0.0.1"), nodeRecord("b", "10.99.0.2"), nodeRecord("c", "10.99.0.3")]);
  view.nodes.setAlive(["self", "b", "c"]);
  const lastPlan = new LastPlan(planFile, () => {});
  undo.push(() => lastPlan.stop());
  // Of probes only who is suspect matters here.
  const prober = {
    onChange: (handler: typeof suspect) => {
      suspect = handler;
    },
    onReached: () => {},
    reachable: () => answering,
    doubt: () => {},
    setPeers: () => {
      probed++;
    },
  } as unknown as OverlayParts["prober"];
  const knownNodes = new KnownNodes(join(directory, "nodes.json"), () => {});
  overlay = new Overlay({ view, forwarding: path.forwarding, prober, clock, lastPlan, knownNodes, log });
  await overlay.begin();
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const LOCAL = { record: endpointRecord("w1", "self", 1), netns: "/run/netns/there-is-none", interface: "eth0" };

async function joinBlue(): Promise<void> {
  view.addLocal(BLUE, LOCAL);
  setEndpoints(view, "w1", [LOCAL.record, endpointRecord("w1", "b", 2), endpointRecord("w1", "c", 3)]);
  await overlay.apply();
}

const places = () => path.view.fdb().filter(({ network }) => network === "blue");
const suspended = () =>
  path.view
    .vteps()
    .filter((row) => row.suspended)
    .map(({ address }) => address);

test("what the view says is in the tables, with the network of probes", async () => {
  await joinBlue();
  expect(places().map(({ mac, vtep }) => [mac, vtep])).toEqual(
    expect.arrayContaining([
      ["02:00:00:00:00:02", "10.99.0.2"],
      ["02:00:00:00:00:03", "10.99.0.3"],
    ]),
  );
  expect(path.view.fdb().filter(({ network }) => network === PROBE_NETWORK)).toHaveLength(2);
});

test("a change is applied, and nothing is drift afterwards", async () => {
  await joinBlue();
  view.setEndpoint(endpointRecord("w1", "c", 2, { id: "moved" }));
  view.removeEndpoint("w1", "e2");
  await overlay.apply();
  expect(places().find(({ mac }) => mac === "02:00:00:00:00:02")?.vtep).toBe("10.99.0.3");
  await overlay.reconcile();
  expect(path.view.control().drift).toBe(0);
});

test("a network that was removed and made again by the same name and VNI has nothing of the one before, from the first change on", async () => {
  await joinBlue();
  const again = networkRecord("w2", { name: "blue", vni: BLUE.vni });
  view.removeLocal("w1", LOCAL.record.id);
  view.addLocal(again, { ...LOCAL, record: endpointRecord("w2", "self", 5) });
  setEndpoints(view, "w2", [endpointRecord("w2", "c", 6)]);
  await overlay.apply();
  expect(places().map(({ mac, vtep }) => [mac, vtep])).toEqual([["02:00:00:00:00:06", "10.99.0.3"]]);
  expect(path.view.neighbors().filter(({ network }) => network === "blue")).toHaveLength(2);
  await overlay.reconcile();
  expect(path.view.control().drift).toBe(0);
});

test("an endpoint that comes costs nothing for each node; a node that comes is probed, and suspended if it is dead", async () => {
  await joinBlue();
  const before = probed;
  view.setEndpoint(endpointRecord("w1", "b", 4));
  await overlay.apply();
  expect(probed).toBe(before);
  view.setNode(nodeRecord("d", "10.99.0.4"));
  await overlay.apply();
  expect(probed).toBe(before + 1);
  expect(suspended()).toEqual(["10.99.0.4"]);
});

test("an entry that somebody has taken away is drift, and is put back", async () => {
  await joinBlue();
  await overlay.reconcile();
  const network = path.forwarding.networks.get("w1");
  path.plane.tables.removeFdb(network.index, 0x020000000002);
  await overlay.reconcile();
  expect(path.view.control().drift).toBe(1);
  expect(places()).toHaveLength(2);
});

test("nothing is sent to the dead, nor to the suspect; entries stay", async () => {
  await joinBlue();
  view.nodes.removeAlive("b");
  await overlay.apply();
  expect(suspended()).toEqual(["10.99.0.2"]);
  suspect(new Set(["10.99.0.3"]));
  expect(suspended().sort()).toEqual(["10.99.0.2", "10.99.0.3"]);
  view.nodes.addAlive("b");
  suspect(new Set());
  await overlay.apply();
  expect(suspended()).toEqual([]);
  expect(places()).toHaveLength(2);
});

test("who becomes suspect, and who answers again, is in the log, once each", () => {
  const [warn, info] = [vi.spyOn(log, "warn"), vi.spyOn(log, "info")];
  suspect(new Set(["10.99.0.2"]));
  suspect(new Set(["10.99.0.2", "10.99.0.3"]));
  suspect(new Set(["10.99.0.3"]));
  const vteps = (calls: unknown[][]) => calls.map(([fields]) => (fields as { vtep: string }).vtep);
  expect(vteps(warn.mock.calls)).toEqual(["10.99.0.2", "10.99.0.3"]);
  expect(vteps(info.mock.calls)).toEqual(["10.99.0.2"]);
});

test("one whose lease has ended and that answers probes is sent to: it is cut off from managers alone", async () => {
  await joinBlue();
  answering.add("10.99.0.2");
  view.nodes.removeAlive("b");
  view.nodes.removeAlive("c");
  await overlay.apply();
  expect(suspended()).toEqual(["10.99.0.3"]);
});

test("why a port is not up is told in a line", async () => {
  await joinBlue();
  expect(overlay.obstacle(LOCAL.netns, LOCAL.interface)).toContain("/run/netns/there-is-none");
});

test("what is forwarded is kept on disk", async () => {
  await joinBlue();
  await undo.pop()?.();
  const plan = readPlan(planFile);
  if (typeof plan === "string") throw new Error(plan);
  expect(plan.get("w1")?.fdb).toEqual(view.desired.get("w1")?.fdb);
});

test("how long a change took is counted by the manager's clock", async () => {
  await clock.sample(async () => Date.parse("2026-01-01T00:00:00.250Z"));
  await joinBlue();
  const count = () => path.view.control().convergences.counts.reduce((sum, each) => sum + each, 0);
  const before = count();
  overlay.heardOf(endpointRecord("w1", "b", 4));
  view.setEndpoint(endpointRecord("w1", "b", 4));
  await overlay.apply();
  expect(count()).toBe(before + 1);
  expect(path.view.control().convergences.sum).toBeCloseTo(0.25, 3);
});
