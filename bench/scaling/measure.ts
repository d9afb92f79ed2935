// Counts the batches: what one costs a worker (the same however many there are, which is checked), and which cache lines workers have in common.

import { isDeepStrictEqual } from "node:util";
import * as abi from "../../assembly/abi/index.ts";
import { BATCHES, type Batch } from "./batches.ts";
import { mapOf, type Place, type Region } from "./regions.ts";
import type { Tally } from "./tally.ts";
import { type Worker, World } from "./world.ts";

/** Numbers of workers in docs/scaling.md. */
export const WORKERS: readonly number[] = [1, 2, 4, 8, 16];

export interface Lines {
  read: number;
  written: number;
}

/** One batch on one worker, when the tables are known and the tick has been seen. */
export interface Cost {
  instructions: number;
  operations: number;
  loads: number;
  stores: number;
  bytesLoaded: number;
  bytesStored: number;
  /** Distinct lines by region; a region that was not touched is left out. Those of the worker's own block, and those of nobody's. */
  own: Partial<Record<Region, Lines>>;
  shared: Partial<Record<Region, Lines>>;
  /** Descriptors handed to the host: messages for sendmmsg (or writes to the underlay TAP), and writes to TAPs. */
  sends: number;
  writes: number;
}

/** Lines that make workers wait for each other's caches, with all workers doing the batch on flows of their own. */
export interface Sharing {
  workers: number;
  /** Lines in nobody's block that some worker wrote; lines that more than one wrote; lines that one wrote and another read. */
  written: number;
  contended: number;
  read: number;
  /** Of `written`. */
  regions: Region[];
}

export interface Measured {
  name: string;
  frames: number;
  cost: Cost;
  /** Within a tick, and with the first batch of a tick. One entry for each number of workers. */
  steady: Sharing[];
  firstOfTick: Sharing[];
}

interface Run {
  tally: Tally;
  sends: number;
  writes: number;
}

const CALLS_MAX = 1000;

/** Places the batch and has the worker do it in a breath of its own; counts the core alone. Throws when the books say otherwise than the batch. */
function run(world: World, worker: Worker, batch: Batch): Run {
  world.setInjection(worker, batch.injected === true);
  batch.place(world, worker);
  const before = world.counters(worker);
  const word = (offset: number) => world.view.getUint32(worker.block + offset, true);
  let sends = 0;
  let writes = 0;
  const tally = worker.counter.during(() => {
    worker.core.wake();
    let paused = 1;
    for (let calls = 0; paused !== 0; calls++) {
      if (calls === CALLS_MAX) throw new Error(`${batch.name}: the core still pauses after ${CALLS_MAX} calls`);
      paused = worker.core[batch.direction](batch.descriptors);
      sends += word(abi.W_TX_COUNT);
      writes += word(abi.W_WRITE_COUNT);
      worker.core.complete();
    }
    worker.core.rest();
  });
  assertOutcome(batch, before, world.counters(worker));
  return { tally, sends, writes };
}

const BYTES = new Set([abi.C_RECEIVED_PORT_BYTES, abi.C_RECEIVED_UNDERLAY_BYTES, abi.C_DELIVERED_BYTES, abi.C_SENT_BYTES]);

function assertOutcome(batch: Batch, before: readonly number[], after: readonly number[]): void {
  for (const [counter, value] of after.entries()) {
    const [grown, expected] = [value - before[counter], batch.outcome[counter] ?? 0];
    if (!BYTES.has(counter) && grown !== expected)
      throw new Error(`${batch.name}: counter ${counter} grew by ${grown}, not by ${expected}`);
  }
}

/** Lines of the worker's own block and of nobody's, by region. */
function linesByRegion({ linesRead, linesWritten }: Tally, worker: number, place: (line: number) => Place): Pick<Cost, "own" | "shared"> {
  const found: Pick<Cost, "own" | "shared"> = { own: {}, shared: {} };
  const add = (line: number, how: keyof Lines) => {
    const { region, worker: owner } = place(line);
    if (owner !== null && owner !== worker) throw new Error(`worker ${worker} touched the ${region} of worker ${owner}`);
    const regions = owner === null ? found.shared : found.own;
    regions[region] ??= { read: 0, written: 0 };
    regions[region][how]++;
  };
  for (const line of linesRead) add(line, "read");
  for (const line of linesWritten) add(line, "written");
  return found;
}

function costOf({ tally, sends, writes }: Run, worker: number, place: (line: number) => Place): Cost {
  const { linesRead: _, linesWritten: __, ...counts } = tally;
  return { ...counts, ...linesByRegion(tally, worker, place), sends, writes };
}

function sharingOf(runs: readonly Run[], place: (line: number) => Place): Sharing {
  const writers = new Map<number, number>();
  const readers = new Map<number, number>();
  const raise = (map: Map<number, number>, lines: Iterable<number>) => {
    for (const line of lines) map.set(line, (map.get(line) ?? 0) + 1);
  };
  for (const { tally } of runs) {
    raise(writers, tally.linesWritten);
    raise(readers, tally.linesRead.difference(tally.linesWritten));
  }
  const written = [...writers.keys()].filter((line) => place(line).worker === null);
  return {
    workers: runs.length,
    written: written.length,
    contended: [...writers.values()].filter((count) => count > 1).length,
    read: [...writers.keys()].filter((line) => readers.has(line)).length,
    regions: [...new Set(written.map((line) => place(line).region))],
  };
}

/** One batch with `workers` workers, on a memory of their own. */
function measureBatch(batch: Batch, workers: number): { costs: Cost[]; steady: Sharing; firstOfTick: Sharing } {
  const world = new World(workers);
  const place = mapOf(world.memory);
  const firsts: Run[] = [];
  const steady: Run[] = [];
  // Each worker meets a new tick: at worst all meet the same one at once.
  for (const worker of world.workers) {
    world.nextTick();
    firsts.push(run(world, worker, batch));
    steady.push(run(world, worker, batch));
  }
  const costs = steady.map((one, worker) => costOf(one, worker, place));
  return { costs, steady: sharingOf(steady, place), firstOfTick: sharingOf(firsts, place) };
}

/** Every batch with each number of workers, ascending. Throws when what a worker does depends on how many there are. */
export function measureAll(workers: readonly number[] = WORKERS): Measured[] {
  return BATCHES.map((batch) => measure(batch, workers));
}

function measure(batch: Batch, workers: readonly number[]): Measured {
  const results = workers.map((count) => measureBatch(batch, count));
  const most = results[results.length - 1];
  for (const { costs } of results)
    for (const [worker, cost] of costs.entries())
      if (!isDeepStrictEqual(cost, most.costs[worker]))
        throw new Error(
          `${batch.name}: with ${costs.length} workers, worker ${worker} does not take what it takes with ${most.costs.length}`,
        );
  return {
    name: batch.name,
    frames: batch.frames,
    cost: most.costs[0],
    steady: results.map(({ steady }) => steady),
    firstOfTick: results.map(({ firstOfTick }) => firstOfTick),
  };
}
