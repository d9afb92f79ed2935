import { afterEach, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { DataPlane } from "../../../host/control/dataplane.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { eventually } from "../../../lab/wait.ts";
import { descriptors, kinds } from "../../netns/programs/descriptors.ts";
import { LoopbackPlane, networkConfig, staticConfig } from "./plane.ts";

const WORKERS = 2;

describe.each(["native", "dgram"] as const)("a data plane, %s", (backend) => {
  let open: LoopbackPlane;
  const start = async (run = true) => {
    open = await LoopbackPlane.open([networkConfig({ peers: ["127.0.0.2"] })], { backend, workers: WORKERS });
    if (run) await open.start();
    return open.plane;
  };
  afterEach(() => open?.close());
  const word = (worker: number, offset: number) =>
    Atomics.load(new Int32Array(open.plane.memory.buffer), (workerBlock(open.plane.memory, worker) + offset) >> 2);
  const header = (offset: number) => Atomics.load(new Int32Array(open.plane.memory.buffer), (abi.HEADER + offset) >> 2);
  /** VTEPs, ports and first port of the list that readers use. */
  const flood = () => {
    const { memory, entries } = open.plane;
    const copy = entries.network(1)[abi.N_FLOOD_COPY / 4];
    const at = header(abi.H_FLOOD) + (2 + copy) * abi.FLOOD_BYTES;
    return [...new Uint32Array(memory.buffer, at, 2), new Uint16Array(memory.buffer, at + abi.F_PORTS, 1)[0]];
  };

  test("publishes at once while no worker runs", async () => {
    const plane = await start(false);
    const before = header(abi.H_GENERATION);
    await plane.published();
    expect(header(abi.H_GENERATION)).toBe(before + 1);
    expect(word(0, abi.W_GENERATION)).toBe(0);
  });

  test("publishes to every worker, sleepers too", async () => {
    const plane = await start();
    for (let i = 0; i < 300; i++) {
      await plane.published();
      const generation = header(abi.H_GENERATION);
      expect([0, 1].map((worker) => word(worker, abi.W_GENERATION))).toEqual([generation, generation]);
    }
  });

  test("replaces flood lists one after the other, the readers' copy last", async () => {
    const plane = await start();
    for (let port = 1; port <= 20; port++) {
      await plane.setFlood(1, { vteps: [1], ports: [port, port + 1], sources: [1] });
      expect(flood()).toEqual([1, 2, port]);
    }
  });

  test("has a clock that goes, and the kernel's features in the header", async () => {
    const plane = await start();
    plane.setFeatures(abi.FEATURE_USO);
    expect(header(abi.H_FEATURES)).toBe(abi.FEATURE_USO);
    const tick = header(abi.H_TICK);
    await eventually("two ticks", () => header(abi.H_TICK) - tick >= 2);
    expect(header(abi.H_TICK) * abi.TICK_MS).toBeLessThanOrEqual(performance.now());
  });

  test("stops its workers once, and everything is idle and closed", async () => {
    const before = kinds(descriptors());
    const plane = await start();
    await plane.published();
    await plane.stopWorkers();
    expect([0, 1].map((worker) => word(worker, abi.W_STATE))).toEqual([abi.WORKER_IDLE, abi.WORKER_IDLE]);
    // After stopWorkers() nobody has to be waited for.
    await plane.published();
    await plane.setFlood(1, { vteps: [], ports: [], sources: [] });
    await plane.setFlood(1, { vteps: [], ports: [], sources: [] });
    await plane.close();
    await eventually("every descriptor to go", () => JSON.stringify(kinds(descriptors())) === JSON.stringify(before));
    // For afterEach.
    await start(false);
  });

  test("that cannot have its port leaves nothing", async () => {
    await start(false);
    // Sockets alone; the threads of the first are still on their way and bring descriptors of their own.
    const sockets = () => kinds(descriptors()).socket;
    const before = sockets();
    const { dataPort } = open.config.node;
    const config = staticConfig([networkConfig()], { backend, node: { ...open.config.node, dataPort } });
    expect(() => new DataPlane(config, () => {})).toThrow(/in use/);
    expect(sockets()).toBe(before);
  });
});
