// When a watch cannot go on from where it was, and what it says meanwhile. That nothing is lost otherwise is the contract suite's.

import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { connectStore } from "../../../../host/store/client/store.ts";
import { openEmbedded } from "../../../../host/store/embedded/backend.ts";
import { serveBackend } from "../../../../host/store/serve.ts";
import { CuttingProxy } from "../../../../lab/cutting-proxy.ts";
import { eventually } from "../../../../lab/wait.ts";
import { EmbeddedServer } from "../embedded-subject.ts";
import { Recorder } from "../suite/recorder.ts";

let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

async function embedded(): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.start();
  ends.push(() => server.stop());
  return server;
}

function connect(endpoints: () => readonly string[]) {
  const client = connectStore({ endpoints, tls: null, deadlineMs: 1000 });
  ends.push(() => client.close());
  return client;
}

/** The same store as it is now, served at another endpoint. */
async function copyOf({ folder, file }: EmbeddedServer): Promise<string> {
  const copy = `${file}.copy`;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (path.startsWith(file)) copyFileSync(path, path.replace(file, copy));
  }
  const backend = await openEmbedded({ file: copy, name: "m0", clientUrls: ["http://127.0.0.1:2379"] });
  ends.push(() => backend.close());
  const credentials = ServerCredentials.createInsecure();
  const served = await serveBackend({ host: "127.0.0.1", port: 0, credentials, backendFor: () => backend });
  ends.push(() => served.close());
  return `127.0.0.1:${served.port}`;
}

const PREFIX = "/w/";

test("another store in its place is a new snapshot, even at a higher revision", async () => {
  const [first, second] = [await embedded(), await embedded()];
  await connect(() => [first.endpoint]).commit([], [{ put: `${PREFIX}a`, value: "of the first" }]);
  const other = connect(() => [second.endpoint]);
  for (let n = 0; n < 5; n++) await other.commit([], [{ put: `${PREFIX}b`, value: `of the second ${n}` }]);
  let place = first.endpoint;
  const client = connect(() => [place]);
  const recorder = new Recorder();
  client.watch(PREFIX, recorder);
  await eventually("the stream", () => recorder.connections.at(-1));
  place = second.endpoint;
  client.refresh();
  await recorder.has((await other.list(PREFIX)).entries);
  expect([recorder.snapshots.length, recorder.events.length]).toEqual([2, 0]);
  await eventually("the stream", () => recorder.connections.at(-1));
  expect(recorder.reasons).toContain("the store is another one now");
});

test("a store that is back at an earlier revision is a new snapshot", async () => {
  const store = await embedded();
  const writer = connect(() => [store.endpoint]);
  await writer.commit([], [{ put: `${PREFIX}a`, value: "kept" }]);
  const earlier = await copyOf(store);
  let place = store.endpoint;
  const client = connect(() => [place]);
  const recorder = new Recorder();
  client.watch(PREFIX, recorder);
  await eventually("the stream", () => recorder.connections.at(-1));
  for (let n = 0; n < 3; n++) await writer.commit([], [{ put: `${PREFIX}b`, value: `lost ${n}` }]);
  await recorder.has((await writer.list(PREFIX)).entries);
  place = earlier;
  client.refresh();
  await eventually("the way back", () => recorder.snapshots.length === 2);
  expect(recorder.sorted().map(({ key }) => key)).toEqual([`${PREFIX}a`]);
  expect(recorder.reasons.some((why) => /^the store is back at revision \d+, behind \d+$/.test(why))).toBe(true);
});

test("a watcher that fails is told all of it anew", async () => {
  const store = await embedded();
  const client = connect(() => [store.endpoint]);
  const recorder = new Recorder();
  client.watch(PREFIX, {
    onSnapshot: (range) => recorder.onSnapshot(range),
    onEvents: async (events, revision) => {
      if (recorder.snapshots.length === 1) throw new Error("a bug in it");
      await recorder.onEvents(events, revision);
    },
    onConnection: (connected, why) => recorder.onConnection(connected, why),
  });
  await eventually("the stream", () => recorder.connections.at(-1));
  await client.commit([], [{ put: `${PREFIX}a`, value: "1" }]);
  await recorder.has((await client.list(PREFIX)).entries);
  expect(recorder.snapshots.length).toBe(2);
  expect(recorder.reasons).toEqual([`the watcher of ${PREFIX} failed: a bug in it`]);
});

test("who takes parts of a snapshot gets them as they arrive, and then a snapshot of none", async () => {
  const { endpoint } = await embedded();
  const client = connect(() => [endpoint]);
  const keys = Array.from({ length: 1500 }, (_, n) => `${PREFIX}${String(n).padStart(4, "0")}`);
  for (let at = 0; at < keys.length; at += 100)
    await client.commit(
      [],
      keys.slice(at, at + 100).map((put) => ({ put, value: "x" })),
    );
  const told: string[] = [];
  let ended: number | undefined;
  client.watch(PREFIX, {
    onPart: (entries, isFirst) => {
      if (isFirst) told.length = 0;
      told.push(...entries.map(({ key }) => key));
    },
    onSnapshot: ({ entries }) => {
      ended = entries.length;
    },
    onEvents: (events) => void told.push(...events.map(({ type }) => type)),
  });
  await eventually("the snapshot", () => ended !== undefined);
  expect([ended, told]).toEqual([0, keys]);
  await client.commit([], [{ put: `${PREFIX}last`, value: "x" }]);
  await eventually("what comes after it", () => told.at(-1) === "put");
});

test("it says that the connection went and why, once, and that it is back", async () => {
  const store = await embedded();
  const proxy = await CuttingProxy.start(store.endpoint);
  ends.push(() => proxy.stop());
  const recorder = new Recorder();
  connect(() => [proxy.endpoint]).watch(PREFIX, recorder);
  await eventually("the stream", () => recorder.connections.at(-1));
  proxy.refuse();
  await eventually("several tries", () => proxy.refused >= 4);
  proxy.heal();
  await eventually("the return", () => recorder.connections.at(-1));
  expect([recorder.connections, recorder.faults, recorder.snapshots.length]).toEqual([[true, false, true], [], 1]);
  expect(recorder.reasons).toEqual([`${proxy.endpoint}: connection lost`]);
});

test("a watch that is closed while nobody answers ends", async () => {
  const store = await embedded();
  const { endpoint } = store;
  const recorder = new Recorder();
  const client = connect(() => [endpoint]);
  await store.stop();
  ends = ends.slice(1);
  const watch = client.watch(PREFIX, recorder);
  await eventually("the first failure", () => recorder.connections.length > 0);
  watch.close();
  expect([recorder.connections, recorder.snapshots]).toEqual([[false], []]);
  expect(recorder.reasons[0]).toBe(`no manager answers (tried ${endpoint}): connection refused`);
});
