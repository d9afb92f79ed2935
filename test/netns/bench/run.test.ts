// The command itself, as short as it goes: its table, its file, and what becomes of a peer that fails.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { linux } from "../../../bench/peers/linux.ts";
import type { Peer } from "../../../bench/peers/peer.ts";
import { readResults } from "../../../bench/results.ts";
import { standAll } from "../../../bench/stand.ts";
import { sameHost } from "../../../bench/suites/core.ts";
import { attempt, run } from "../../../lab/command.ts";
import { root } from "../../../scripts/sources.ts";
import { describeNetns } from "../needs.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));
const bench = (...words: string[]) => attempt([process.execPath, join(root, "bench/run.ts"), ...words]);

test("what it does not know it refuses by name, with exit code 2", async () => {
  const { code, stderr } = await bench("--wire", "wet");
  expect(code).toBe(2);
  expect(stderr).toBe("bench: --wire: wet is none of whole,tx-off,segmented\n");
});

describeNetns("npm run bench", ["ethtool", "iperf3", "tcpdump"], () => {
  test("one size, one round: every value is in the file, and the report has them", async () => {
    const json = join(folder, "bench.json");
    const { code, stdout, stderr } = await bench("--suite", "sizes", "--sizes", "64", "--peers", "linux", "--rounds", "1", "--json", json);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("sizes, wire whole, round 1/1, linux: flood:64");
    expect(stdout).toContain("64 B, without loss");
    const [section] = readResults(json).sections;
    const { values, largestFrame } = section.peers.linux;
    for (const key of ["flood:64", "ndr:64", "pdr:64"]) expect(values[key]).toHaveLength(1);
    expect(values["pdr:64"][0]).toBeGreaterThanOrEqual(values["ndr:64"][0]);
    expect(largestFrame).toBeGreaterThan(1514);
    const report = await run([process.execPath, join(root, "bench/report.ts"), json, "--charts", folder]);
    expect(report).toContain(`wrote ${join(folder, "bench-sizes-whole.svg")}`);
  });

  test("a peer that will not stand is told, and the others stand", async () => {
    const broken: Peer = {
      name: "broken",
      description: "does not start",
      missing: async () => null,
      setUp: () => Promise.reject(new Error("no such thing")),
      setUpSameHost: () => Promise.reject(new Error("no such thing")),
    };
    const { stood, failed, close } = await standAll([broken, linux], sameHost, null, 1500);
    await close();
    expect(stood.map(({ peer }) => peer.name)).toEqual(["linux"]);
    expect(failed.map(({ peer, error }) => `${peer.name}: ${(error as Error).message}`)).toEqual(["broken: no such thing"]);
    const prefix = stood[0].pair.lab.prefix.replace(/l\d+$/, "");
    expect(await run(["ip", "netns", "list"])).not.toContain(prefix);
  });
});
