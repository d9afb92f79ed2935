// A reader thread: it breathes like a worker (grace periods count on it) and does nothing but look up, as fast as it can, and judge each answer by
// rules that hold whatever the writer does meanwhile. Started by test/unit/table/concurrent.test.ts.

import { parentPort, workerData } from "node:worker_threads";
import * as abi from "../../assembly/abi/index.ts";
import { workerBlock } from "../../host/core/layout.ts";
import { addressOf, FLOOD_LENGTH, macOf, NETWORK, rightAddress, rightTarget, STEADY, STRANGERS, VOLATILE } from "./reader-rules.ts";

const LOOKUPS_A_BREATH = 2000;

export interface ReaderReport {
  lookups: number;
  found: number;
  breaths: number;
  wrong: string[];
}

function run(memory: WebAssembly.Memory, module: WebAssembly.Module, worker: number): ReaderReport {
  const probe = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, (...args: (number | bigint)[]) => number>;
  const header = new Int32Array(memory.buffer, abi.HEADER);
  const words = new Int32Array(memory.buffer, workerBlock(memory, worker), 4);
  const flood = new Uint16Array(memory.buffer);
  const report: ReaderReport = { lookups: 0, found: 0, breaths: 0, wrong: [] };
  const wrong = (text: string) => {
    if (report.wrong.length < 20) report.wrong.push(text);
  };
  const lookUpMac = (i: number) => {
    const entry = probe.fdbFind(NETWORK, BigInt(macOf(i)));
    const target = entry === 0 ? 0 : probe.fdbTarget(entry);
    // Between the two loads the entry may have gone, which a worker takes as absent.
    if (entry !== 0 && target !== 0) probe.fdbTouch(entry, report.breaths);
    if (target === 0 && STEADY(i)) wrong(`MAC ${i} of those that stay is absent`);
    if (target !== 0 && STRANGERS(i)) wrong(`MAC ${i}, which nobody ever placed, has target ${target}`);
    if (target !== 0 && !rightTarget(i, target)) wrong(`MAC ${i} has target ${target}`);
    if (target !== 0) report.found++;
  };
  const lookUpAddress = (i: number) => {
    const value = BigInt.asUintN(64, probe.addressFind(NETWORK, ...addressOf(i)) as unknown as bigint);
    if (value === 0n && STEADY(i)) wrong(`address ${i} of those that stay is absent`);
    if (value !== 0n && STRANGERS(i)) wrong(`address ${i}, which nobody ever placed, has value ${value}`);
    if (value !== 0n && !rightAddress(i, value)) wrong(`address ${i} has value ${value.toString(16)}`);
  };
  const lookAtFlood = () => {
    const list = (probe.floodList(NETWORK) + abi.F_VTEPS) / 2;
    const first = flood[list];
    for (let i = 1; i < FLOOD_LENGTH; i++) if (flood[list + i] !== first) wrong(`a flood list of ${first} and ${flood[list + i]}`);
  };
  while (Atomics.load(header, abi.H_STOP / 4) === 0) {
    Atomics.store(words, abi.W_STATE / 4, abi.WORKER_RUNNING);
    Atomics.store(words, abi.W_GENERATION / 4, Atomics.load(header, abi.H_GENERATION / 4));
    for (let i = 0; i < LOOKUPS_A_BREATH; i++) {
      lookUpMac(i % VOLATILE);
      lookUpAddress(i % VOLATILE);
    }
    lookAtFlood();
    report.lookups += 2 * LOOKUPS_A_BREATH;
    report.breaths++;
    Atomics.store(words, abi.W_STATE / 4, abi.WORKER_IDLE);
  }
  return report;
}

const { memory, module, worker } = workerData as { memory: WebAssembly.Memory; module: WebAssembly.Module; worker: number };
parentPort?.postMessage("reading");
parentPort?.postMessage(run(memory, module, worker));
