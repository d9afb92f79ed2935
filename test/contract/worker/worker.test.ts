// The entry of a worker thread, in this thread: what it answers, what it leaves behind.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { C_DROPPED, C_RECEIVED_UNDERLAY } from "../../../assembly/abi/counter.ts";
import { H_STOP, HEADER } from "../../../assembly/abi/layout.ts";
import { DROP_VXLAN_VNI_NOT_FOUND } from "../../../assembly/abi/reason.ts";
import { W_GENERATION, W_STATE, WORKER_IDLE } from "../../../assembly/abi/worker.ts";
import { Grace } from "../../../host/core/grace.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { readCounters } from "../../../host/core/read.ts";
import { EventFd } from "../../../host/sys/eventfd.ts";
import run from "../../../host/worker/worker.ts";
import { vxlan } from "../../../lab/traffic/frames.ts";
import { eventually } from "../../../lab/wait.ts";
import { descriptors, kinds } from "../../netns/programs/descriptors.ts";
import { ADDRESS, type LoopbackTask, loopbackTask } from "./loopback.ts";

describe.each(["native", "dgram"] as const)("a %s worker", (backend) => {
  let loopback: LoopbackTask;
  let header: Int32Array;
  beforeEach(() => {
    loopback = loopbackTask(backend);
    header = new Int32Array(loopback.task.memory.buffer, HEADER);
  });
  afterEach(() => loopback?.close());
  const word = (offset: number) =>
    Atomics.load(new Int32Array(loopback.task.memory.buffer), (workerBlock(loopback.task.memory, 0) + offset) >> 2);

  test("of a number that the memory has no block for is refused", async () => {
    await expect(run({ ...loopback.task, worker: 1 })).rejects.toThrow(/worker 1/);
  });

  test("that is told to stop before it begins ends, and leaves nothing open", async () => {
    Atomics.store(header, H_STOP / 4, 1);
    const before = kinds(descriptors());
    expect(await run(loopback.task)).toBe("stopped");
    expect(word(W_STATE)).toBe(WORKER_IDLE);
    await eventually("the same descriptors", () => JSON.stringify(kinds(descriptors())) === JSON.stringify(before));
  });

  test("that cannot watch its sockets says so", async () => {
    await expect(run({ ...loopback.task, receiver: 9999, doorbell: 9999 })).rejects.toThrow(/EBADF/);
  });
});

describe("a dgram worker", () => {
  // The native one never gives its thread back, so that only this one can be watched from the same thread.
  test("follows the tables while datagrams keep coming, and gives everything back when it stops", async () => {
    const { task, port, close } = loopbackTask("dgram");
    const before = kinds(descriptors());
    const running = run(task);
    const sender = createSocket("udp4");
    const packet = vxlan(77, Buffer.alloc(60));
    let sending = true;
    const flow = (async () => {
      while (sending) {
        sender.send(packet, port, ADDRESS);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const counters = () => readCounters(task.memory, 0, 0);
    await eventually("datagrams", () => counters()[C_RECEIVED_UNDERLAY] > 100n);
    const grace = new Grace(task.memory);
    const header = new Int32Array(task.memory.buffer, HEADER);
    const generation = grace.begin();
    // Nobody rings: the flow alone keeps it breathing.
    await grace.seen(generation, 2000);
    Atomics.store(header, H_STOP / 4, 1);
    new EventFd(task.doorbell).signal();
    expect(await running).toBe("stopped");
    sending = false;
    await flow;
    const closed = once(sender, "close");
    sender.close();
    await closed;
    const row = counters();
    expect(row[C_DROPPED + DROP_VXLAN_VNI_NOT_FOUND]).toBe(row[C_RECEIVED_UNDERLAY]);
    const block = workerBlock(task.memory, 0);
    expect(new Int32Array(task.memory.buffer)[(block + W_GENERATION) >> 2]).toBe(generation);
    await eventually("the same descriptors", () => JSON.stringify(kinds(descriptors())) === JSON.stringify(before));
    close();
  });
});
