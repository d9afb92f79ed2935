// `weft bench run`: looks at both paths, then measures them in rounds, each beginning with the other one, so that what disturbs this machine
// for a while disturbs both. Main thread.

import type { AgentFrames, BenchOutcome, BenchRequest, BenchResults, PathConditions, PathResults } from "../model/bench.ts";
import { addDifference, NO_FRAMES, type Reading, readCounters } from "./agent-counters.ts";
import { backgroundCpus } from "./cpu.ts";
import { greet, type IperfTarget } from "./iperf.ts";
import { describeMachine } from "./machine.ts";
import { measuresOf } from "./measures.ts";
import { findPath, offloadsOf } from "./path.ts";
import { pathMtu } from "./path-mtu.ts";
import { measureRound, type Values } from "./round.ts";
import { medianRatio, summarise } from "./statistics.ts";
import { requireTools } from "./tool.ts";
import { SEARCH_SECONDS } from "./udp-search.ts";

/** Headers in front of a UDP payload: IPv4 or IPv6, and UDP's own. */
const UDP_OVERHEAD_IPV4 = 20 + 8;
const UDP_OVERHEAD_IPV6 = 40 + 8;
/** What each round of a path takes beside the iperf3 tests: pings, a test's exchange of results. */
const ROUND_EXTRA_SECONDS = 2;

interface Runner {
  role: "path" | "baseline";
  conditions: PathConditions;
  target: IperfTarget;
  rounds: Values[];
  frames: AgentFrames;
}

/** Measures what was asked. Rejects with OperationError when it cannot begin; later, what was measured so far is in the outcome. */
export async function measure(request: BenchRequest, tell: (text: string) => void, stop: AbortSignal): Promise<BenchOutcome> {
  const ends = request.baseline === null ? [request.path] : [request.path, request.baseline];
  requireTools("iperf3", "ping", "ip", ...(ends.some(({ netns }) => netns !== null) ? ["nsenter"] : []));
  const machine = await describeMachine(stop);
  const agent = await firstReading(request, tell);
  const runners: Runner[] = [];
  for (const [index, end] of ends.entries()) runners.push(await prepare(end, index === 0 ? "path" : "baseline", request, tell, stop));
  const results: BenchResults = {
    started: new Date().toISOString(),
    rounds: 0,
    roundsAsked: request.rounds,
    seconds: request.seconds,
    lossPercentMax: request.lossPercentMax,
    reverse: request.reverse,
    machine,
    background: [],
    agent: agent?.agent ?? null,
    measures: measuresOf(request),
    paths: [],
  };
  tell(`measuring: about ${duration(request, ends.length)}\n`);
  let failure: unknown = null;
  try {
    while (results.rounds < request.rounds) {
      const background = await backgroundCpus(stop);
      await oneRound(results.rounds, runners, request, agent !== null, tell, stop);
      results.background.push(background);
      results.rounds++;
    }
  } catch (error) {
    failure = stop.aborted ? stop.reason : error;
  }
  results.paths = pathResults(runners, results, agent !== null);
  return { results, failure };
}

async function prepare(
  end: BenchRequest["path"],
  role: "path" | "baseline",
  { port, reverse, udpBytes }: BenchRequest,
  tell: (text: string) => void,
  stop: AbortSignal,
): Promise<Runner> {
  const path = await findPath(end);
  const { address, netns, netnsName, device, deviceMtu } = path;
  if (path.own) tell(`note: ${address} is this end's own address: this measures the loopback\n`);
  const target = { address, port, netns, reverse };
  const peer = await greet(target, stop);
  const { bytes, blackHole } = await pathMtu(target, deviceMtu, stop);
  const room = (bytes ?? deviceMtu) - (address.includes(":") ? UDP_OVERHEAD_IPV6 : UDP_OVERHEAD_IPV4);
  for (const size of udpBytes.filter((size) => size > room))
    tell(`note: UDP datagrams of ${size} B are cut into fragments on the way to ${address}: at most ${room} B fit its path MTU\n`);
  if (blackHole) tell(`note: packets to ${address} of more than ${bytes} B disappear, and nobody tells their sender (no ICMP)\n`);
  const offloads = await offloadsOf(path, stop);
  const conditions = { address, netns: netnsName, device, deviceMtu, offloads, pathMtu: bytes, blackHole, peer };
  return { role, conditions, target, rounds: [], frames: NO_FRAMES };
}

/** null: no agent is asked, or none is there and nobody insisted. */
async function firstReading({ metrics }: BenchRequest, tell: (text: string) => void): Promise<Reading | null> {
  if (metrics === null) return null;
  try {
    return await readCounters(metrics.address);
  } catch (error) {
    if (metrics.required) throw error;
    tell(`note: no agent's metrics at ${metrics.address}: what it counts is left out\n`);
    return null;
  }
}

async function oneRound(
  round: number,
  runners: readonly Runner[],
  request: BenchRequest,
  counted: boolean,
  tell: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const done: { runner: Runner; values: Values; frames: AgentFrames }[] = [];
  const reading = async () => (counted && request.metrics ? (await readCounters(request.metrics.address)).frames : NO_FRAMES);
  for (let turn = 0; turn < runners.length; turn++) {
    const runner = runners[(round + turn) % runners.length];
    tell(`round ${round + 1}/${request.rounds}  ${runner.conditions.address}:`);
    try {
      const before = await reading();
      const values = await measureRound(runner.target, request, tell, stop);
      done.push({ runner, values, frames: addDifference(runner.frames, before, await reading()) });
    } finally {
      tell("\n");
    }
  }
  // Only now: a round counts for all paths or for none.
  for (const { runner, values, frames } of done) {
    runner.rounds.push(values);
    runner.frames = frames;
  }
}

function pathResults(runners: readonly Runner[], { measures }: BenchResults, counted: boolean): PathResults[] {
  const columns = (runner: Runner) => Object.fromEntries(measures.map(({ key }) => [key, runner.rounds.map((values) => values[key])]));
  const baseline = runners.find(({ role }) => role === "baseline");
  return runners.map((runner) => {
    const values = columns(runner);
    const compare = baseline !== undefined && runner !== baseline;
    const other = compare ? columns(baseline) : {};
    return {
      role: runner.role,
      ...runner.conditions,
      values,
      summary: Object.fromEntries(measures.map(({ key }) => [key, summarise(values[key])])),
      ratio: compare ? Object.fromEntries(measures.map(({ key }) => [key, medianRatio(values[key], other[key])])) : {},
      frames: counted ? runner.frames : null,
    };
  });
}

/** "4 min", "35 s". */
function duration({ rounds, seconds, streams, udpBytes }: BenchRequest, paths: number): string {
  const each = streams.length * seconds + udpBytes.length * (seconds + SEARCH_SECONDS) + ROUND_EXTRA_SECONDS;
  const total = rounds * paths * each;
  return total < 100 ? `${total} s` : `${Math.round(total / 60)} min`;
}
