// The pool with workers that cannot live, and with some that can. A worker that traps: test/netns/worker/pool.test.ts.

import { afterEach, describe, expect, test } from "vitest";
import { S_BREATHS, W_STATE, W_STATS, WORKER_IDLE } from "../../../assembly/abi/worker.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { type WorkerFailure, WorkerPool } from "../../../host/worker/pool.ts";
import { eventually } from "../../../lab/wait.ts";
import { type LoopbackTask, loopbackTask } from "./loopback.ts";

const PAUSE_MS = 100;
const STOP_MS_MAX = 2000;

describe.each(["native", "dgram"] as const)("a pool of %s workers", (backend) => {
  let loopback: LoopbackTask | undefined;
  afterEach(() => {
    loopback?.close();
    loopback = undefined;
  });

  test("starts nothing by itself, runs, and stops at once", async () => {
    loopback = loopbackTask(backend);
    const { task } = loopback;
    const failures: WorkerFailure[] = [];
    const pool = new WorkerPool([task], (failure) => failures.push(failure));
    const breaths = () => new Uint32Array(task.memory.buffer, workerBlock(task.memory, 0), 64)[(W_STATS + S_BREATHS) / 4];
    expect(breaths()).toBe(0);
    pool.start();
    pool.wake();
    await eventually("a breath", () => breaths() > 0);
    const began = performance.now();
    await pool.stop();
    expect(performance.now() - began).toBeLessThan(STOP_MS_MAX);
    expect(new Int32Array(task.memory.buffer, workerBlock(task.memory, 0))[W_STATE / 4]).toBe(WORKER_IDLE);
    expect([pool.restarts, failures]).toEqual([[0], []]);
    // As when stopWorkers() is followed by close().
    await pool.stop();
  });

  test("replaces a worker that cannot live again and again, not faster than a pause allows, and still stops", async () => {
    loopback = loopbackTask(backend);
    const failures: WorkerFailure[] = [];
    const pool = new WorkerPool([{ ...loopback.task, worker: 7 }], (failure) => failures.push(failure));
    const began = performance.now();
    pool.start();
    await eventually("three failures", () => failures.length >= 3);
    expect(performance.now() - began).toBeGreaterThan(2 * PAUSE_MS - 10);
    expect(failures[0]).toEqual({ worker: 7, message: "there is no worker 7 in this memory" });
    await pool.stop();
    const after = failures.length;
    await pool.stop();
    expect(failures).toHaveLength(after);
  });
});
