// npm run bench:micro: each hot function of the packet core beside its naive TypeScript twin, at named sizes. One process, one thread, no kernel: the
// figures say what the core itself costs, not what a frame costs end to end (npm run bench says that).
//
//   node bench/micro.ts              everything
//   node bench/micro.ts split merge  cases whose name contains one of these words
//
// mitata warms each function up, takes samples for half a second and gives the distribution; the median is shown. The results, with the whole
// distribution, the machine and the commit, go to build/micro.json.

import { join } from "node:path";
import Table from "cli-table3";
import { do_not_optimize, measure } from "mitata";
import { fail } from "./command-line.ts";
import { writeFigures } from "./figures-file.ts";
import { describeMachine, ROOT } from "./machine.ts";
import type { Case } from "./micro/case.ts";
import { cases as checksum } from "./micro/checksum.ts";
import { cases as fdb } from "./micro/fdb.ts";
import { cases as parse } from "./micro/parse.ts";
import { cases as path } from "./micro/path.ts";
import { cases as ring } from "./micro/ring.ts";
import { cases as split } from "./micro/split.ts";

interface Timing {
  /** Nanoseconds a frame: the median, and below what 25 % and 99 % of the samples lie. */
  median: number;
  p25: number;
  p99: number;
  samples: number;
}

interface Result {
  name: string;
  size: string;
  core: Timing;
  twin: Timing;
  /** Bytes a second at the median; null where bytes are not what is worked on. */
  coreBytesPerSecond: number | null;
  twinBytesPerSecond: number | null;
}

async function time(work: () => unknown, frames: number): Promise<Timing> {
  const stats = await measure(() => do_not_optimize(work()), { min_cpu_time: 500 * 1e6 });
  return { median: stats.p50 / frames, p25: stats.p25 / frames, p99: stats.p99 / frames, samples: stats.samples.length };
}

async function run({ name, size, frames, bytes, core, twin }: Case): Promise<Result> {
  const [fast, slow] = [await time(core, frames), await time(twin, frames)];
  const rate = ({ median }: Timing) => (bytes === 0 ? null : (bytes / frames / median) * 1e9);
  return { name, size, core: fast, twin: slow, coreBytesPerSecond: rate(fast), twinBytesPerSecond: rate(slow) };
}

function nanoseconds(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function gigabytes(value: number | null): string {
  return value === null ? "" : `${(value / 1e9).toFixed(value < 1e9 ? 3 : 2)} GB/s`;
}

function show(results: Result[]): string {
  const table = new Table({
    head: ["", "", "core, ns/frame", "", "twin, ns/frame", "", "twin ÷ core"],
    colAligns: ["left", "left", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const { name, size, core, twin, coreBytesPerSecond, twinBytesPerSecond } of results) {
    const times = [nanoseconds(core.median), gigabytes(coreBytesPerSecond), nanoseconds(twin.median), gigabytes(twinBytesPerSecond)];
    table.push([name, size, ...times, `×${(twin.median / core.median).toFixed(1)}`]);
  }
  return table.toString();
}

const words = process.argv.slice(2);
const makers = [parse, fdb, checksum, split, path, ring];
const machine = await describeMachine();
console.log(`${machine.cpu}, kernel ${machine.kernel}, Node ${machine.node}, commit ${machine.commit}, load ${machine.load.toFixed(2)}`);
const results: Result[] = [];
for (const make of makers) {
  const chosen = make().filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  for (const one of chosen) {
    results.push(await run(one));
    process.stderr.write(`${one.name}, ${one.size}\n`);
  }
}
if (results.length === 0) {
  fail("bench:micro", `no case is called ${words.join(" or ")}`);
}
console.log(show(results));
writeFigures(join(ROOT, "build/micro.json"), { machine, results });
console.log("the whole distribution is in build/micro.json");
