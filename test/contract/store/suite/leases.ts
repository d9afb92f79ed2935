// Contract: leases, and the keys that end with them.

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { LeaseLeasesRequestSchema, LeaseTimeToLiveRequestSchema } from "../../../../host/store/generated/rpc_pb.js";
import { eventually } from "../../../../lab/wait.ts";
import { Recorder } from "./recorder.ts";
import type { World } from "./world.ts";

const TTL_SECONDS = 2;
const KEEP_MS = 400;
/** Past its time a lease ends at the next look for such, on a machine that may be busy. */
const LATE_SECONDS_MAX = 5;

export function leaseTests(world: World): void {
  test("keys end with their lease, but not while it is kept alive", async () => {
    const { client, store, prefix, cleanUp } = world.here();
    const begin = performance.now();
    const [kept, left] = await Promise.all([store.grantLease(TTL_SECONDS), store.grantLease(TTL_SECONDS)]);
    expect([kept.ttlSeconds, left.ttlSeconds]).toEqual([TTL_SECONDS, TTL_SECONDS]);
    await store.commit(
      [],
      [
        { put: `${prefix}kept`, value: "", lease: kept.id },
        { put: `${prefix}left`, value: "", lease: left.id },
      ],
    );
    expect((await store.get(`${prefix}kept`))?.lease).toBe(kept.id);
    const recorder = new Recorder();
    client().watch(prefix, recorder);
    const keeping = setInterval(() => void store.keepLease(kept.id).catch(() => {}), KEEP_MS);
    cleanUp(() => clearInterval(keeping));
    const gone = await eventually("the end of the lease", () => recorder.events[0]);
    const seconds = (performance.now() - begin) / 1000;
    expect(gone).toMatchObject({ type: "delete", key: `${prefix}left` });
    expect(seconds).toBeGreaterThan(TTL_SECONDS - 0.5);
    expect(seconds).toBeLessThan(TTL_SECONDS + LATE_SECONDS_MAX);
    await expect(store.keepLease(left.id)).rejects.toMatchObject({ name: "StoreError", failure: "not-found" });
    expect(await store.keepLease(kept.id)).toBe(TTL_SECONDS);
    clearInterval(keeping);
    await eventually("the end of the other", async () => (await store.get(`${prefix}kept`)) === null);
    expect(recorder.faults).toEqual([]);
  });

  test("a lease that is revoked takes its keys with it, all at one revision; those put anew without it stay", async () => {
    const { client, store, prefix } = world.here();
    const { id } = await store.grantLease(60);
    await store.commit(
      [],
      ["a", "b", "c"].map((key) => ({ put: prefix + key, value: "1", lease: id })),
    );
    await store.commit([], [{ put: `${prefix}c`, value: "2" }]);
    const recorder = new Recorder();
    client().watch(prefix, recorder);
    await eventually("the stream", () => recorder.connections.at(-1));
    await store.revokeLease(id);
    expect((await store.list(prefix)).entries.map(({ key }) => key)).toEqual([`${prefix}c`]);
    await eventually("the deletions", () => recorder.events.length === 2);
    expect(new Set(recorder.events.map((event) => (event.type === "delete" ? event.modRevision : 0))).size).toBe(1);
    const notFound = { name: "StoreError", failure: "not-found" };
    await expect(store.keepLease(id)).rejects.toMatchObject(notFound);
    await expect(store.revokeLease(id)).rejects.toMatchObject(notFound);
    await expect(store.commit([], [{ put: `${prefix}d`, value: "", lease: id }])).rejects.toMatchObject(notFound);
    expect(await store.get(`${prefix}d`)).toBeNull();
  });

  test("a lease tells its time and its keys, and is listed", async () => {
    const { backend, store, prefix } = world.here();
    const { id } = await store.grantLease(60);
    await store.commit([], [{ put: `${prefix}a`, value: "", lease: id }]);
    const ID = BigInt(id);
    const told = await backend.leaseTimeToLive(create(LeaseTimeToLiveRequestSchema, { ID, keys: true }));
    expect([told.grantedTTL, told.keys.map((key) => Buffer.from(key).toString())]).toEqual([60n, [`${prefix}a`]]);
    expect(told.TTL).toBeGreaterThan(50n);
    const { leases } = await backend.leaseLeases(create(LeaseLeasesRequestSchema));
    expect(leases.map((lease) => lease.ID)).toContain(ID);
    await store.revokeLease(id);
    expect((await backend.leaseTimeToLive(create(LeaseTimeToLiveRequestSchema, { ID }))).TTL).toBe(-1n);
  });
}
