import { afterAll, beforeAll, expect, test } from "vitest";
import { measure } from "../../../host/measure/run.ts";
import type { BenchRequest } from "../../../host/model/bench.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { BENCH_PROGRAMS, go, openWire, PORT, programsIn, serveIn, type Wire } from "./wire.ts";

describeNetns("measuring", BENCH_PROGRAMS, () => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await openWire();
    await serveIn(wire.hosts[1]);
  });
  afterAll(() => wire.lab.close());

  function request(part: Partial<BenchRequest> = {}): BenchRequest {
    const [{ netns }, { ip4, ip6 }] = wire.hosts;
    const common = { port: PORT, rounds: 2, seconds: 1, streams: [1], udpBytes: [], lossPercentMax: 0.1, reverse: false, metrics: null };
    return { path: { address: ip4, netns }, baseline: { address: ip6, netns }, ...common, ...part };
  }

  test("two paths in turn, with the conditions of both", async () => {
    let told = "";
    const { results, failure } = await measure(request(), (text) => (told += text), go());
    expect(failure).toBeNull();
    const [path, baseline] = results.paths;
    const [{ ip4, ip6 }] = [wire.hosts[1]];
    expect([path.role, path.address, baseline.role, baseline.address]).toEqual(["path", ip4, "baseline", ip6]);
    for (const one of results.paths) {
      expect(one).toMatchObject({
        netns: wire.hosts[0].netns,
        device: "eth0",
        deviceMtu: 1500,
        pathMtu: 1500,
        blackHole: false,
        frames: null,
      });
      expect(one.offloads).toContain("tx-checksumming");
      expect(one.peer?.system).toBe(`Linux ${results.machine.kernel}`);
      expect(one.values.tcp1).toHaveLength(2);
      expect(one.summary.tcp1?.min).toBe(Math.min(...(one.values.tcp1 as number[])));
    }
    const ratios = path.values.tcp1.map((value, round) => (value as number) / (baseline.values.tcp1[round] as number));
    expect(path.ratio.tcp1).toBeCloseTo((ratios[0] + ratios[1]) / 2, 9);
    expect(baseline.ratio).toEqual({});
    expect(results).toMatchObject({ rounds: 2, roundsAsked: 2, agent: null });
    expect(results.background).toHaveLength(2);
    const turns = [...told.matchAll(/^round (\d)\/2 {2}(\S+): {2}TCP/gm)].map(([, round, address]) => `${round} ${address}`);
    expect(turns).toEqual([`1 ${ip4}`, `1 ${ip6}`, `2 ${ip6}`, `2 ${ip4}`]);
  });

  test("datagrams that do not fit are told beforehand, and an own address", async () => {
    let told = "";
    const stop = new AbortController();
    const tell = (text: string) => {
      told += text;
      if (text.startsWith("measuring")) stop.abort("SIGINT");
    };
    await measure(request({ udpBytes: [1472, 1473] }), tell, stop.signal);
    expect(told).toContain(`note: UDP datagrams of 1473 B are cut into fragments on the way to ${wire.hosts[1].ip4}: at most 1472 B fit`);
    expect(told).toContain(`note: UDP datagrams of 1472 B are cut into fragments on the way to ${wire.hosts[1].ip6}: at most 1452 B fit`);
    expect(told).not.toContain(`of 1472 B are cut into fragments on the way to ${wire.hosts[1].ip4}`);
    told = "";
    const own = { address: wire.hosts[0].ip4, netns: wire.hosts[0].netns };
    await expect(measure(request({ path: own }), tell, go())).rejects.toThrow("no server there");
    expect(told).toContain(`note: ${own.address} is this end's own address`);
  });

  test("stopped in the second round: the first one's figures, and nothing runs on", async () => {
    const stop = new AbortController();
    let told = "";
    const running = measure(request({ baseline: null, streams: [1], seconds: 1, rounds: 3 }), (text) => (told += text), stop.signal);
    await eventually(
      "a client of the second round",
      async () => told.includes("round 2/3") && (await programsIn(wire.hosts[0])).includes("iperf3"),
    );
    stop.abort("SIGINT");
    const { results, failure } = await running;
    expect(failure).toBe("SIGINT");
    expect(results).toMatchObject({ rounds: 1, roundsAsked: 3 });
    expect(results.paths[0].values.tcp1).toHaveLength(1);
    expect(await programsIn(wire.hosts[0])).toEqual([]);
    // The server is free again.
    expect((await measure(request({ baseline: null, rounds: 1, streams: [] }), () => {}, go())).failure).toBeNull();
  });

  test("an agent that was asked for by name has to answer; the usual one need not", async () => {
    const address = "127.0.0.1:9";
    await expect(measure(request({ metrics: { address, required: true } }), () => {}, go())).rejects.toThrow(`metrics at ${address}: `);
    let told = "";
    const asked = request({ metrics: { address, required: false }, baseline: null, rounds: 1, streams: [] });
    const { results } = await measure(asked, (text) => (told += text), go());
    expect(told).toContain(`note: no agent's metrics at ${address}: what it counts is left out\n`);
    expect(results.paths[0].frames).toBeNull();
  });
});
