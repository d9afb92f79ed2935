// Workers that look for work before they sleep: traffic goes as ever, and an idle agent leaves the CPU alone.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ping, unanswered } from "../../lab/traffic/ping.ts";
import { makeFile, sendFile } from "../../lab/traffic/transfer.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair } from "./pair.ts";

const FILE_BYTES = 16 << 20;
const IDLE_MS = 1000;
/** Of a second, in USER_HZ: a worker that never slept would take a hundred. */
const IDLE_TICKS_MAX = 40;

/** CPU time of a process so far, all threads, in USER_HZ (proc_pid_stat(5), fields 14 and 15). */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

describeNetns("workers that spin", [], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair({ left: "weft", right: "weft", agent: { spin: 1000 } });
  });
  afterAll(() => closePair(pair));

  test("a file and pings get through", async () => {
    const [left, right] = pair.containers;
    const file = makeFile(pair.lab, "file", FILE_BYTES);
    const { receivedSha256 } = await sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip4 }, file.path);
    expect(receivedSha256).toBe(file.sha256);
    expect(unanswered(await ping(left.netns, right.ip4, { count: 200, intervalSeconds: 0.002 }))).toEqual([]);
  });

  test("sleep when there is nothing to do", async () => {
    const pids = pair.agents.map(({ pid }) => pid);
    const before = pids.map(cpuTicks);
    await sleep(IDLE_MS);
    for (const [i, pid] of pids.entries()) expect(cpuTicks(pid) - before[i]).toBeLessThan(IDLE_TICKS_MAX);
  });
});
