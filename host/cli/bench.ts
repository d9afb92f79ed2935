// `weft bench serve` and `weft bench run`: their flags, what they print where, and how they end. Figures go to stdout, everything for the
// person who waits to stderr. What measures is loaded only when it is asked for.

import { closeSync, openSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { BenchOutcome, BenchRequest } from "../model/bench.ts";
import { InterruptedError, messageOf, OperationError, UsageError } from "../model/errors.ts";
import { formatBench } from "./bench-table.ts";
import { addGroup, examples } from "./group.ts";
import { untilSignal } from "./signals.ts";
import type { Surroundings } from "./surroundings.ts";
import { whole } from "./values.ts";

/** iperf3's own. */
const PORT = 5201;
const METRICS = "127.0.0.1:9477";
const ROUNDS_MAX = 1000;
/** The longest test of iperf3. */
const SECONDS_MAX = 86_400;
/** iperf3's bounds: streams of a test; a datagram holds its header and fits UDP over IPv4. */
const STREAMS_MAX = 128;
const UDP_BYTES_MIN = 16;
const UDP_BYTES_MAX = 65_507;

interface RunOptions {
  netns?: string;
  port: number;
  baseline?: string;
  baselineNetns?: string;
  rounds: number;
  seconds: number;
  streams: number[];
  udpBytes: number[];
  loss: number;
  reverse?: boolean;
  metrics?: string;
  format: "table" | "json";
  json?: string;
}

/** Adds the group. `bold` dresses the header of a table. */
export function addBench(program: Command, around: Surroundings, bold: (text: string) => string): void {
  const group = addGroup(program, "bench", "Measure between two hosts of your own, with iperf3 and ping (docs/measure.md).");
  // No agent is asked by --host: it is refused below, and not offered here.
  group.configureHelp({ showGlobalOptions: false });
  group
    .command("serve")
    .description("Answer the measurements of other hosts: an iperf3 server, until Ctrl-C.")
    .option("--netns <name|path>", "network namespace to serve in (default: this one)")
    .option("--bind <address>", "address to listen at (default: every one)")
    .addOption(portOption())
    .addHelpText("after", examples("weft bench serve", "weft bench serve --netns pcB --bind 10.0.0.2"))
    .action(async ({ netns, bind, port }: { netns?: string; bind?: string; port: number }, command: Command) => {
      refuseHost(command);
      if (bind !== undefined && isIP(bind) === 0) throw new UsageError(`--bind ${bind}: expected an IP address`);
      const { serve } = await around.loadBench();
      const request = { netns: netns ?? null, bind: bind ?? null, port };
      await untilSignal(async (stop) => {
        const served = serve(
          request,
          (line) => around.stdout.write(line),
          (text) => around.stderr.write(text),
          stop,
        );
        // Being stopped is how it ends.
        await served.catch((error) => (stop.aborted ? undefined : Promise.reject(error)));
      });
    });
  addRun(group, around, bold);
  // Only now: `serve` and `run` would inherit it.
  group.allowExcessArguments();
}

function addRun(group: Command, around: Surroundings, bold: (text: string) => string): void {
  group
    .command("run")
    .description("Measure the path to an address where 'weft bench serve' runs: TCP, UDP, round trip, loss, path MTU, CPU time.")
    .argument("<address>", "address of the other end")
    .option("--netns <name|path>", "network namespace to send from (default: this one)")
    .addOption(portOption())
    .option("--baseline <address>", "another way to the same machine, such as its underlay address: measured in the same rounds")
    .option("--baseline-netns <name|path>", "network namespace to send the baseline from (default: this one)")
    .addOption(new Option("--rounds <n>", "interleaved rounds").default(5).argParser(whole(1, ROUNDS_MAX)))
    .addOption(new Option("--seconds <n>", "length of each test").default(3).argParser(whole(1, SECONDS_MAX)))
    .addOption(new Option("--streams <list>", "TCP streams, or none").default([1, 4], "1,4").argParser(list(1, STREAMS_MAX)))
    .addOption(
      new Option("--udp-bytes <list>", "UDP payload sizes, or none")
        .default([64, 1400], "64,1400")
        .argParser(list(UDP_BYTES_MIN, UDP_BYTES_MAX)),
    )
    .addOption(new Option("--loss <percent>", "what still counts as free of loss").default(0.1).argParser(percent))
    .option("--reverse", "let the other end send")
    .option("--metrics <address>", `this host's agent's metrics, as HOST:PORT, or off (default: ${METRICS} if an agent serves there)`)
    .addOption(new Option("--format <format>", "table for people, json for programs").choices(["table", "json"]).default("table"))
    .option("--json <file>", "also write the figures there")
    .addHelpText(
      "after",
      examples("weft bench run 10.0.0.2 --netns pcA --baseline 10.99.0.2", "weft bench run 10.0.0.2 --rounds 1 --seconds 1"),
    )
    .action((address: string, options: RunOptions, command: Command) => {
      refuseHost(command);
      return run(requestOf(address, options), options, around, bold);
    });
}

function refuseHost(command: Command): void {
  const { host } = command.optsWithGlobals() as { host?: string };
  if (host !== undefined) throw new UsageError("--host is of no use to weft bench: it reads an agent's metrics, see --metrics");
}

async function run(
  request: BenchRequest,
  { format, json }: RunOptions,
  around: Surroundings,
  bold: (text: string) => string,
): Promise<void> {
  if (json !== undefined) assertWritable(json);
  const { measure } = await around.loadBench();
  await untilSignal(async (stop) => {
    const tell = (text: string) => around.stderr.write(text);
    let outcome: BenchOutcome;
    try {
      outcome = await measure(request, tell, stop);
    } catch (error) {
      throw stop.aborted ? new InterruptedError(stop.reason) : error;
    }
    const { results, failure } = outcome;
    const document = `${JSON.stringify(results, null, 2)}\n`;
    if (results.rounds === 0) tell("no round was completed: no figures\n");
    else {
      around.stdout.write(format === "json" ? document : formatBench(results, bold));
      if (json !== undefined) write(json, document);
    }
    if (stop.aborted) throw new InterruptedError(stop.reason);
    if (failure !== null) throw failure;
  });
}

function requestOf(address: string, options: RunOptions): BenchRequest {
  const { netns, port, baseline, baselineNetns, rounds, seconds, streams, udpBytes, loss, reverse, metrics } = options;
  if (baseline === undefined && baselineNetns !== undefined)
    throw new UsageError("--baseline-netns is of no use without --baseline ADDRESS");
  if (metrics !== undefined && metrics !== "off" && !/^[^\s/]+:\d{1,5}$/.test(metrics))
    throw new UsageError(`--metrics ${metrics}: expected HOST:PORT or off`);
  return {
    path: { address, netns: netns ?? null },
    baseline: baseline === undefined ? null : { address: baseline, netns: baselineNetns ?? null },
    port,
    rounds,
    seconds,
    streams,
    udpBytes,
    lossPercentMax: loss,
    reverse: reverse ?? false,
    metrics: metrics === "off" ? null : { address: metrics ?? METRICS, required: metrics !== undefined },
  };
}

/** Found out now rather than after minutes of measuring. Leaves what is there. */
function assertWritable(path: string): void {
  try {
    closeSync(openSync(path, "a"));
  } catch (cause) {
    throw new OperationError(`--json ${path}: cannot be written: ${messageOf(cause)}`, { cause });
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new OperationError(`--json ${path}: cannot be written: ${messageOf(cause)}`, { cause });
  }
}

function portOption(): Option {
  return new Option("--port <n>", "TCP and UDP port of the server").default(PORT).argParser(whole(1, 65_535));
}

/** Numbers with commas between them, each once, in the given order. */
function list(min: number, max: number): (text: string) => number[] {
  const number = whole(min, max);
  return (text) => {
    if (text === "none") return [];
    try {
      return [...new Set(text.split(",").map(number))];
    } catch {
      throw new InvalidArgumentError(`Expected whole numbers from ${min} to ${max} with commas between them, or none.`);
    }
  };
}

function percent(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) > 100) throw new InvalidArgumentError("Expected a number from 0 to 100.");
  return Number(text);
}
