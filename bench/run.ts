// npm run bench: weft beside Linux's own vxlan (and other overlays), end to end. Each overlay stands on two hosts (namespaces) of its own, joined
// by a veth; each round measures all of them, beginning with another one; nothing else of ours runs meanwhile.

import { BACKGROUND_MAX, background } from "./background.ts";
import { fail, runProgram } from "./command-line.ts";
import { writeFigures } from "./figures-file.ts";
import { describeMachine } from "./machine.ts";
import { type Options, readOptions } from "./options.ts";
import { BASELINE, peers } from "./peers/index.ts";
import type { Peer } from "./peers/peer.ts";
import { Progress, type Task } from "./progress.ts";
import { terminalTable } from "./report/table.ts";
import { writeReadme } from "./report/write.ts";
import type { Results, Section } from "./results.ts";
import { type Stood, standAll, wireComplaint } from "./stand.ts";
import type { Suite } from "./suites/suite.ts";
import type { Wire } from "./wires.ts";

/** What all parts of a run share. */
class Run {
  readonly options: Options;
  readonly progress: Progress;

  constructor(options: Options, progress: Progress) {
    this.options = options;
    this.progress = progress;
  }

  /** Goes on without a peer; the run has failed. */
  leaveOut(peer: Peer, place: string, error: unknown): void {
    this.progress.drop(place, peer.name);
    process.exitCode = 1;
    console.error(`bench: ${place}: leaving out ${peer.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function choosePeers(options: Options): Promise<Peer[]> {
  const chosen: Peer[] = [];
  for (const peer of peers(options.workers).filter(({ name }) => options.peers.includes(name))) {
    const missing = await peer.missing();
    if (missing === null) chosen.push(peer);
    else console.error(`bench: leaving out ${peer.name}: ${missing}`);
  }
  if (chosen.length === 0) fail("bench", "no peer can run here");
  return chosen.sort((a, b) => options.peers.indexOf(a.name) - options.peers.indexOf(b.name));
}

/** Each suite on each wire; what is on one host has none. */
function plan({ suites, wires }: Options): { suite: Suite; wire: Wire | null }[] {
  return suites.flatMap((suite) => {
    const on: (Wire | null)[] = suite.topology === "one host" ? [null] : wires;
    return on.map((wire) => ({ suite, wire }));
  });
}

function placeOf(suite: string, wire: string | null): string {
  return wire === null ? suite : `${suite}, wire ${wire}`;
}

function tasks(options: Options, chosen: readonly Peer[]): Task[] {
  return plan(options).flatMap(({ suite, wire }) => {
    const able = chosen.filter((peer) => suite.topology === "two hosts" || peer.setUpSameHost);
    const round = able.map((peer) => ({
      section: placeOf(suite.name, wire?.name ?? null),
      suite: suite.name,
      peer: peer.name,
      guessSeconds: suite.estimateSeconds(options),
    }));
    return Array.from({ length: options.rounds }, () => round).flat();
  });
}

function warnOfNeighbours(busy: number): void {
  if (busy <= BACKGROUND_MAX) return;
  console.error(`bench: WARNING: ${busy.toFixed(2)} CPUs are busy with other things (at most ${BACKGROUND_MAX}): these figures are noise`);
}

function describe(peer: Peer, suite: Suite): string {
  return (suite.topology === "one host" ? peer.sameHostDescription : undefined) ?? peer.description;
}

function emptySection(suite: Suite, wire: Wire | null, stood: readonly Stood[], options: Options): Section {
  const measures = suite.measures(options);
  const values = () => Object.fromEntries(measures.map(({ key }) => [key, [] as number[]]));
  return {
    suite: suite.name,
    title: suite.title,
    wire: wire?.name ?? null,
    wireDescription: wire?.description ?? null,
    measures,
    background: [],
    peers: Object.fromEntries(
      stood.map(({ peer, offloads, largestFrame }) => [
        peer.name,
        { description: describe(peer, suite), offloads, largestFrame, values: values() },
      ]),
    ),
  };
}

/** One peer's turn in a round. False when it failed: it is then taken out, with what it had, since a figure that others measured and it did not is none. */
async function takeTurn(suite: Suite, { peer, pair, standing }: Stood, section: Section, round: number, run: Run): Promise<boolean> {
  const place = placeOf(section.suite, section.wire);
  const begin = performance.now();
  try {
    const values = await suite.run(pair, standing, run.options);
    run.progress.done(place, peer.name, (performance.now() - begin) / 1000);
    for (const { key } of section.measures) section.peers[peer.name].values[key].push(values[key]);
    const line = section.measures.map(({ key, unit, digits }) => `${key} ${values[key].toFixed(digits)} ${unit}`).join("  ");
    console.error(`${place}, round ${round + 1}/${run.options.rounds}, ${peer.name}: ${line}  (${run.progress})`);
    return true;
  } catch (error) {
    run.leaveOut(peer, place, error);
    delete section.peers[peer.name];
    return false;
  }
}

/** All rounds of one suite on one wire. */
async function runSection(suite: Suite, wire: Wire | null, chosen: Peer[], run: Run): Promise<Section> {
  const { options } = run;
  const place = placeOf(suite.name, wire?.name ?? null);
  const all = await standAll(chosen, suite, wire, options.mtu);
  let { stood } = all;
  try {
    for (const { peer, error } of all.failed) run.leaveOut(peer, place, error);
    for (const one of stood) {
      const complaint = wireComplaint(one, wire, options.mtu);
      if (complaint !== null) console.error(`bench: WARNING: ${complaint}`);
    }
    const section = emptySection(suite, wire, stood, options);
    for (let round = 0; round < options.rounds; round++) {
      const busy = await background();
      section.background.push(busy);
      warnOfNeighbours(busy);
      const order = stood.map((_, turn) => stood[(round + turn) % stood.length]);
      for (const one of order) {
        if (await takeTurn(suite, one, section, round, run)) continue;
        stood = stood.filter((other) => other !== one);
      }
    }
    return section;
  } finally {
    await all.close();
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  const chosen = await choosePeers(options);
  const { rounds, seconds, mtu, workers } = options;
  const run = new Run(options, new Progress(tasks(options, chosen)));
  console.error(`bench: ${chosen.map(({ name }) => name).join(", ")}; ${run.progress}`);
  const results: Results = {
    version: 2,
    machine: await describeMachine(),
    rounds,
    seconds,
    mtu,
    workers,
    baseline: BASELINE,
    sections: [],
  };
  for (const { suite, wire } of plan(options)) {
    const section = await runSection(suite, wire, chosen, run);
    results.sections.push(section);
    // After each section: what was measured for minutes is not lost with what comes later.
    writeFigures(options.json, results);
    console.log(`\n${terminalTable(results, section)}`);
  }
  console.log(`\nfigures: ${options.json}`);
  if (options.writeReadme) for (const file of await writeReadme([results])) console.log(`wrote ${file}`);
}

await runProgram("bench", main);
