import { describe, expect, test } from "vitest";
import { formatBench } from "../../../host/cli/bench-table.ts";
import type { AgentFrames } from "../../../host/model/bench.ts";
import { samplePath, sampleResults } from "./bench-results.ts";

const plain = (text: string) => text;
const frames: AgentFrames = {
  networks: [
    { network: "blue", sent: 100, delivered: 90, dropped: { full_ring: 3, port_down: 1 } },
    { network: "red", sent: 0, delivered: 0, dropped: {} },
    { network: "", sent: 0, delivered: 0, dropped: { vxlan_vni_not_found: 2 } },
  ],
  kernelDropped: { fromContainers: 4, fromUnderlay: 0 },
};

describe("figures and conditions", () => {
  test("a path and its baseline", () => {
    expect(formatBench(sampleResults(), plain)).toBe(`\
MEASURE           10.0.0.2                10.99.0.2 (baseline)       RATIO
TCP, 1 stream     8.50 Gb/s (8.00–9.00)   12.25 Gb/s (12.00–12.50)   ×0.70
ping round trip   57.1 µs (54.2–60.1)     5.3 µs (5.0–5.5)           ×10.80
ping lost         0.00 % (0.00–0.00)      -                          -

median of 2 interleaved rounds (min–max); tests of 3 s, sent by this end; × is the median of each round's ratio to the baseline; 2026-11-22T05:44Z
this end: 2 × Xeon, Linux 6.18.0, weft 0.1.0, iperf3 3.12, load 0.50, 0.20 CPUs busy with other things
10.0.0.2: by eth0 in pcA, MTU 1450; path MTU 1450; offloads: tso gso; other end: Linux 6.18.1, iperf3 3.16
10.99.0.2: by eth0, MTU 1500; path MTU unknown (no ping came back)
`);
  });

  test("a path alone, one round of more, the other end sending", () => {
    const results = sampleResults({ rounds: 1, roundsAsked: 5, reverse: true, paths: [samplePath({ ratio: {} })] });
    const lines = formatBench(results, plain).split("\n");
    expect(lines[0]).toBe("MEASURE           10.0.0.2");
    expect(lines[1]).toBe("TCP, 1 stream     8.50 Gb/s");
    expect(lines[5]).toBe("1 round, 5 were asked for; tests of 3 s, sent by the other end; 2026-11-22T05:44Z");
  });

  test("what the agent counted", () => {
    const agent = { version: "0.1.0", node: "a", backend: "native" };
    const text = formatBench(sampleResults({ agent, paths: [samplePath({ frames })] }), plain);
    expect(text).toContain("\nits agent: a, weft 0.1.0, backend native\n");
    expect(text).toContain(
      "\n10.0.0.2: the agent counted blue: 100 frames sent, 90 delivered, dropped: 3 full_ring, 1 port_down; " +
        "(no network): 0 frames sent, 0 delivered, dropped: 2 vxlan_vni_not_found; 4 frames from containers dropped by the kernel before weft read them\n",
    );
    const quiet = { networks: [], kernelDropped: { fromContainers: 0, fromUnderlay: 0 } };
    expect(formatBench(sampleResults({ agent, paths: [samplePath({ frames: quiet })] }), plain)).toContain("the agent counted nothing\n");
  });

  test("a black hole is told", () => {
    const text = formatBench(sampleResults({ paths: [samplePath({ pathMtu: 1400, blackHole: true })] }), plain);
    expect(text).toContain("path MTU 1400 (larger packets disappear untold)");
  });

  test("the header alone is bold", () => {
    const text = formatBench(sampleResults(), (header) => `<${header}>`);
    expect(text.split("\n").filter((line) => line.startsWith("<"))).toHaveLength(1);
  });
});
