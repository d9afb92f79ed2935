// Contract, by property: wherever in the bytes of a watch its connection is lost, in either direction and as often as it likes, no event is lost,
// told twice or out of order. A proxy cuts; several watchers with cuts of their own go through each run, since what takes time is reconnecting.

import { expect, test } from "vitest";
import type { WatchEvent } from "../../../../host/model/cluster/store.ts";
import { type Cut, CuttingProxy } from "../../../../lab/cutting-proxy.ts";
import { eventually } from "../../../../lab/wait.ts";
import fc from "../../../oracle/property.ts";
import { Recorder } from "./recorder.ts";
import type { Here, World } from "./world.ts";

const RUNS = 12;
const WATCHERS = 8;
/** Transactions in a run, with a pause between for cuts to fall into. */
const WRITES = 12;
/** A connection with its handshakes, snapshot and events is a few thousand bytes: more with TLS. */
const BYTES_MAX = 8000;

const cut: fc.Arbitrary<Cut> = fc.record({
  direction: fc.constantFrom("toServer" as const, "toClient" as const, "toClient" as const),
  bytes: fc.oneof(fc.nat(BYTES_MAX), fc.nat(BYTES_MAX / 8)),
  how: fc.constant("cut" as const),
});

const change = fc.record({ key: fc.nat(5), remove: fc.boolean(), characters: fc.nat(300) });
const run = fc.record({
  cuts: fc.array(fc.array(cut, { minLength: 1, maxLength: 6 }), { minLength: WATCHERS, maxLength: WATCHERS }),
  writes: fc.array(fc.uniqueArray(change, { minLength: 1, maxLength: 4, selector: ({ key }) => key }), {
    minLength: WRITES,
    maxLength: WRITES,
  }),
});

type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

const told = (event: WatchEvent) =>
  event.type === "put" ? `${event.entry.modRevision} + ${event.entry.key}` : `${event.modRevision} - ${event.key}`;

/** Gives the connections that were cut. */
async function check(here: Here, prefix: string, { cuts, writes }: Run): Promise<number> {
  const { running, store } = here;
  const reference = new Recorder();
  const watch = store.watch(prefix, reference);
  const proxies: CuttingProxy[] = [];
  const clients: { close(): void }[] = [watch];
  try {
    await eventually("the reference", () => reference.connections.at(-1));
    await store.commit([], [{ put: `${prefix}begin`, value: "" }]);
    const recorders = await Promise.all(
      cuts.map(async (plan) => {
        const proxy = await CuttingProxy.start(running.endpoints[0], plan);
        proxies.push(proxy);
        const client = here.client([proxy.endpoint]);
        clients.push(client);
        const recorder = new Recorder();
        client.watch(prefix, recorder);
        return recorder;
      }),
    );
    for (const changes of writes) {
      const operations = changes.map(({ key, remove, characters }) =>
        remove ? { delete: prefix + key } : { put: prefix + key, value: "x".repeat(characters) },
      );
      const { revision } = await store.commit([], operations);
      // One after the other, so that there is a connection to cut between them; a revision that deleted nothing does not come.
      await eventually("the reference to have it", () => reference.revision >= revision || reference.connections.length > 1);
    }
    await store.commit([], [{ put: `${prefix}end`, value: "" }]);
    const { entries } = await store.list(prefix);
    await reference.has(entries);
    for (const recorder of recorders) {
      await recorder.has(entries);
      expect([recorder.faults, recorder.snapshots.length]).toEqual([[], 1]);
      // Everything after its snapshot, exactly as the one who was never cut was told it.
      const since = recorder.snapshots[0].revision;
      const expected = reference.events.map(told).filter((line) => Number.parseInt(line, 10) > since);
      expect(recorder.events.map(told)).toEqual(expected);
    }
    return proxies.reduce((sum, proxy, at) => sum + cuts[at].length - proxy.left, 0);
  } finally {
    for (const client of clients) client.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  }
}

export function lossTests(world: World): void {
  test("a connection that is lost at any byte loses, repeats and reorders nothing", async () => {
    const here = world.here();
    let runs = 0;
    let connectionsCut = 0;
    await fc.assert(
      fc.asyncProperty(run, async (plan) => {
        connectionsCut += await check(here, `${here.prefix}${++runs}/`, plan);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(connectionsCut, "connections that were given a cut").toBeGreaterThan(RUNS * WATCHERS);
  }, 120_000);

  test("a connection that goes silent is noticed, and nothing is lost", async () => {
    const here = world.here();
    const { prefix, running, store } = here;
    const plans: Cut[] = [0, 400, 900].map((bytes) => ({ direction: "toClient", bytes, how: "silence" }));
    const proxies = await Promise.all(plans.map((plan) => CuttingProxy.start(running.endpoints[0], [plan])));
    const later = await CuttingProxy.start(running.endpoints[0]);
    for (const proxy of [...proxies, later]) here.cleanUp(() => proxy.stop());
    await store.commit([], [{ put: `${prefix}a`, value: "x".repeat(300) }]);
    const recorders = [...proxies, later].map((proxy) => {
      const recorder = new Recorder();
      here.client([proxy.endpoint]).watch(prefix, recorder);
      return recorder;
    });
    await eventually("the last one's stream", () => recorders[3].connections.at(-1));
    later.silence();
    await store.commit([], [{ put: `${prefix}b`, value: "" }]);
    await eventually("the silence to be noticed", () => recorders[3].connections.at(-1) === false, 12_000);
    later.heal();
    const { entries } = await store.list(prefix);
    for (const recorder of recorders) {
      await recorder.has(entries, 15_000);
      expect([recorder.faults, recorder.snapshots.length]).toEqual([[], 1]);
    }
    expect(recorders[3].events.length).toBe(1);
  }, 60_000);
}
