// `weft bench` as a user has it: a server on one host, a run on the other, through an overlay of two agents and beside it over the underlay.

import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchResults } from "../../host/model/bench.ts";
import { VERSION } from "../../host/model/version.ts";
import { WEFT } from "../../lab/agent.ts";
import { attempt, run } from "../../lab/command.ts";
import type { Daemon } from "../../lab/daemon.ts";
import { eventually } from "../../lab/wait.ts";
import { BENCH_PROGRAMS, programsIn } from "./measure/wire.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openPair, type Pair } from "./pair.ts";

const QUICK = ["--rounds", "1", "--seconds", "1", "--streams", "1", "--udp-bytes", "none"];

describeNetns("weft bench", BENCH_PROGRAMS, () => {
  let pair: Pair;
  let servers: Daemon[];
  beforeAll(async () => {
    pair = await openPair({ left: "weft", right: "weft" });
    servers = [bench(1, "serve", "--netns", pair.containers[1].netns), bench(1, "serve")];
    for (const server of servers) await server.waitFor(/^weft bench ready: any address port 5201/m);
  });
  afterAll(() => closePair(pair));

  /** `weft bench …` on a host. */
  function bench(host: 0 | 1, ...words: string[]): Daemon {
    return pair.lab.spawn([WEFT, "bench", ...words], { netns: pair.hosts[host].netns, name: `weft bench ${words[0]}` });
  }

  test("measures through the overlay and beside it, and the agent's counters show which was which", async () => {
    const [left, right] = pair.containers;
    const file = join(pair.lab.directory, "figures.json");
    const words = ["--netns", left.netns, "--baseline", pair.hosts[1].ip4, "--rounds", "1", "--seconds", "1", "--streams", "1"];
    const daemon = bench(0, "run", right.ip4, ...words, "--udp-bytes", "64", "--format", "json", "--json", file);
    expect(await daemon.exited, daemon.describe()).toEqual({ code: 0, signal: null });
    const results = JSON.parse(daemon.stdout) as BenchResults;
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(results);
    const [path, baseline] = results.paths;
    for (const { values, summary, ...one } of [path, baseline]) {
      for (const key of ["tcp1", "cpu1", "udp64Flood", "udp64Best", "rtt", "rttP99"]) {
        expect(values[key], `${one.address}: ${key}`).toHaveLength(1);
        expect(summary[key]?.median, `${one.address}: ${key}`).toBeGreaterThan(0);
      }
    }
    expect(path).toMatchObject({ address: right.ip4, netns: left.netns, device: "eth0", deviceMtu: 1450, pathMtu: 1450, blackHole: false });
    expect(baseline).toMatchObject({ address: pair.hosts[1].ip4, netns: null, deviceMtu: 1500, pathMtu: 1500 });
    for (const key of ["tcp1", "udp64Flood", "rtt"])
      expect(path.ratio[key], key).toBeCloseTo((path.values[key][0] as number) / (baseline.values[key][0] as number), 9);
    expect(results).toMatchObject({ rounds: 1, agent: { version: VERSION, node: "a", backend: "native" } });
    const [overlay, beside] = [path, baseline].map(({ frames }) => frames?.networks.find(({ network }) => network === NETWORK));
    // At least the datagrams that arrived in the flood of one second.
    expect(overlay?.sent).toBeGreaterThan((path.values.udp64Flood[0] as number) * 1000 * 0.9);
    expect(overlay?.delivered).toBeGreaterThan(0);
    expect(beside?.sent ?? 0).toBeLessThan(100);
    expect(daemon.stderr).toContain(`round 1/1  ${right.ip4}:  TCP × 1 `);
  });

  test("a table for people", async () => {
    const daemon = bench(0, "run", pair.hosts[1].ip4, ...QUICK, "--metrics", "off");
    expect(await daemon.exited, daemon.describe()).toEqual({ code: 0, signal: null });
    expect(daemon.stdout).toMatch(/^MEASURE +10\.99\.0\.2\nTCP, 1 stream +\d+\.\d\d Gb\/s\n/);
    expect(daemon.stdout).toContain("\n1 round; tests of 1 s, sent by this end; ");
    expect(daemon.stderr).toMatch(/^measuring: about 3 s\nround 1\/1 {2}10\.99\.0\.2: {2}TCP × 1 [\d.]+ Gb\/s {2}ping \d+ µs\n$/);
  });

  test.each<[string, (pair: Pair) => string[], number, RegExp]>([
    ["an unknown namespace", () => ["10.0.0.2", "--netns", "weft-no-such"], 1, /^network namespace \/run\/netns\/weft-no-such is missing/],
    [
      "no server",
      ({ hosts }) => [hosts[1].ip4, "--port", "5999"],
      1,
      /^10\.99\.0\.2 port 5999: no server there: run 'weft bench serve' on that host/,
    ],
    ["no route", () => ["192.0.2.1"], 1, /^192\.0\.2\.1: no route to it: Network is unreachable$/],
    ["nobody with that address", () => ["10.99.0.77"], 1, /^10\.99\.0\.77 port 5201: (no answer: is that host up|No route to host)/],
    ["no name", () => ["weft.invalid"], 1, /^weft\.invalid: neither an IP address nor a name that resolves$/],
    [
      "no agent where one was named",
      () => ["10.99.0.2", "--metrics", "127.0.0.1:9"],
      1,
      /^metrics at 127\.0\.0\.1:9: connect ECONNREFUSED/,
    ],
    ["no number", () => ["10.99.0.2", "--rounds", "many"], 2, /^option '--rounds <n>' argument 'many' is invalid/],
    ["no address", () => [], 2, /^missing required argument 'address'$/],
  ])("%s: one line, exit 1 or 2", async (_, words, code, line) => {
    const daemon = bench(0, "run", ...words(pair), ...(words(pair).includes("--metrics") ? [] : ["--metrics", "off"]));
    expect(await daemon.exited, daemon.describe()).toEqual({ code, signal: null });
    expect(daemon.stdout).toBe("");
    expect(daemon.stderr.trimEnd().split("\n")).toEqual([expect.stringMatching(line)]);
  });

  test("a server that is busy with somebody else", async () => {
    const other = pair.lab.spawn(["iperf3", "-c", pair.hosts[1].ip4, "-t", "60", "-b", "1M", "--forceflush"], {
      netns: pair.hosts[0].netns,
    });
    await other.waitFor(/connected to/);
    const daemon = bench(0, "run", pair.hosts[1].ip4, "--metrics", "off");
    expect(await daemon.exited).toEqual({ code: 1, signal: null });
    expect(daemon.stderr).toBe(
      "10.99.0.2 port 5201: the server is busy with somebody else's test: wait, or use another server with --port\n",
    );
    await other.kill();
  });

  test("without iperf3: its package is named", async () => {
    const path = join(pair.lab.directory, "path");
    mkdirSync(path);
    for (const tool of ["dirname", "readlink", "ping", "ip", "setpriv"])
      symlinkSync((await run(["sh", "-c", `command -v ${tool}`])).trim(), join(path, tool));
    for (const words of [["serve"], ["run", "127.0.0.1"]]) {
      const daemon = pair.lab.spawn([WEFT, "bench", ...words], { environment: { PATH: path } });
      expect(await daemon.exited).toEqual({ code: 1, signal: null });
      expect(daemon.stderr).toBe("iperf3 is not installed (Debian package iperf3)\n");
    }
  });

  test("a user who may not enter a namespace is told so", async () => {
    const argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", WEFT, "bench", "run", "10.0.0.2", "--metrics", "off"];
    const daemon = pair.lab.spawn([...argv, "--netns", pair.containers[0].netns], { netns: pair.hosts[0].netns });
    expect(await daemon.exited, daemon.describe()).toEqual({ code: 1, signal: null });
    expect(daemon.stderr).toMatch(/^network namespace .*: .*not permitted \(entering it needs root\)\n$/);
  });

  test("Ctrl-C in the first round: nothing is left, no figures, exit 130; the server goes on", async () => {
    const [left, right] = pair.containers;
    const words = ["--netns", left.netns, "--metrics", "off", "--seconds", "30"];
    const daemon = bench(0, "run", right.ip4, ...words);
    await eventually("a test to run", async () => daemon.stderr.includes("round 1/5") && (await programsIn(left)).includes("iperf3"));
    expect(await daemon.stop("SIGINT")).toEqual({ code: 130, signal: null });
    expect(await programsIn(left)).toEqual([]);
    expect(daemon.stdout).toBe("");
    expect(daemon.stderr).toMatch(/\nno round was completed: no figures\ninterrupted by SIGINT\n$/);
    const after = bench(0, "run", right.ip4, "--netns", left.netns, ...QUICK, "--metrics", "off");
    expect(await after.exited, after.describe()).toEqual({ code: 0, signal: null });
  });

  test("Ctrl-C on a server ends it and its iperf3, and that is success", async () => {
    for (const server of servers) expect(await server.stop("SIGINT"), server.describe()).toEqual({ code: 0, signal: null });
    for (const place of [pair.hosts[1], pair.containers[1]]) expect(await programsIn(place)).not.toContain("iperf3");
    const { code } = await attempt(["iperf3", "-c", pair.containers[1].ip4, "-t", "1"], { netns: pair.containers[0].netns });
    expect(code).toBe(1);
  });
});
