// Contract: a server goes in the middle of it all. Writes go on, what was confirmed is there, and a watch tells all of it, once, in order.

import { expect, test } from "vitest";
import { StoreError } from "../../../../host/model/cluster/store.ts";
import type { ClusterClient } from "../../../../host/store/client/store.ts";
import { eventually } from "../../../../lab/wait.ts";
import { Recorder } from "./recorder.ts";
import type { World } from "./world.ts";

const WRITERS = 4;
/** Of each writer, before the server goes and after. */
const WRITES = 50;

/** Writes a key once: whether a write that nobody answered was done is seen by asking again. */
async function writeOnce(store: ClusterClient, key: string): Promise<void> {
  await eventually(
    `${key} to be written`,
    async () => {
      try {
        await store.commit([{ key, is: "absent" }], [{ put: key, value: key }]);
        return true;
      } catch (error) {
        if (error instanceof StoreError && error.failure === "unavailable") return false;
        throw error;
      }
    },
    30_000,
  );
}

export function disturbedTests(world: World): void {
  test("a server goes: writes go on, and a watch loses nothing", async () => {
    const here = world.here();
    const { prefix, running } = here;
    const recorders = Array.from({ length: 3 }, () => {
      const recorder = new Recorder();
      here.client().watch(prefix, recorder);
      return recorder;
    });
    for (const recorder of recorders) await eventually("the stream", () => recorder.connections.at(-1));
    const lanes = Array.from({ length: WRITERS }, () => here.client());
    const write = (from: number) =>
      Promise.all(
        lanes.map(async (writer, lane) => {
          for (let n = from; n < from + WRITES; n++) await writeOnce(writer, `${prefix}${lane}/${String(n).padStart(3, "0")}`);
        }),
      );
    await write(0);
    await Promise.all([running.disturb?.(), write(WRITES)]);
    const { entries } = await here.client().list(prefix);
    expect(entries.map(({ key, value, version }) => [key === value, version])).toEqual(entries.map(() => [true, 1]));
    expect(entries.length).toBe(2 * WRITES * WRITERS);
    for (const recorder of recorders) {
      await recorder.has(entries);
      expect([recorder.faults, recorder.snapshots.length, recorder.events.length]).toEqual([[], 1, entries.length]);
    }
  }, 90_000);
}
