import { afterAll, beforeAll, expect, test } from "vitest";
import { measuresOf } from "../../../host/measure/measures.ts";
import { measureRound } from "../../../host/measure/round.ts";
import type { BenchRequest } from "../../../host/model/bench.ts";
import { run } from "../../../lab/command.ts";
import { describeNetns } from "../needs.ts";
import { BENCH_PROGRAMS, go, openWire, PORT, pathTo, serveIn, type Wire } from "./wire.ts";

describeNetns("a round", BENCH_PROGRAMS, () => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await openWire();
    await serveIn(wire.hosts[1]);
  });
  afterAll(() => wire.lab.close());

  const target = () => ({ address: wire.hosts[1].ip4, port: PORT, netns: pathTo(wire.hosts[0]), reverse: false });
  const request = (part: Partial<BenchRequest>): BenchRequest => ({
    path: { address: wire.hosts[1].ip4, netns: wire.hosts[0].netns },
    baseline: null,
    port: PORT,
    rounds: 1,
    seconds: 1,
    streams: [],
    udpBytes: [],
    lossPercentMax: 0.1,
    reverse: false,
    metrics: null,
    ...part,
  });

  test("has a value for every measure, and tells each as it comes", async () => {
    const asked = request({ streams: [2], udpBytes: [64] });
    let told = "";
    const values = await measureRound(target(), asked, (text) => (told += text), go());
    expect(Object.keys(values)).toEqual(measuresOf(asked).map(({ key }) => key));
    for (const key of ["tcp2", "cpu2", "udp64Flood", "udp64Best", "rtt", "rttP99"]) expect(values[key], key).toBeGreaterThan(0);
    for (const key of ["udp64FloodLoss", "pingLoss"]) {
      expect(values[key], key).toBeGreaterThanOrEqual(0);
      expect(values[key], key).toBeLessThan(100);
    }
    expect(values.udp64Best as number).toBeGreaterThanOrEqual(values.udp64Flood as number);
    expect(values.udp64Best as number).toBeGreaterThanOrEqual(values.udp64LossFree ?? 0);
    expect(values.rttP99 as number).toBeGreaterThanOrEqual(values.rtt as number);
    expect(told).toMatch(/^ {2}TCP × 2 \d+\.\d\d Gb\/s {2}UDP 64 B \d+ k\/s {2}ping \d+ µs$/);
  });

  test("the other end sends when it is asked to", async () => {
    const received = async () => Number(await run(["cat", "/sys/class/net/eth0/statistics/rx_bytes"], { netns: wire.hosts[0].netns }));
    const before = await received();
    const values = await measureRound({ ...target(), reverse: true }, request({ streams: [1], reverse: true }), () => {}, go());
    const gigabits = ((await received()) - before) / 1e9;
    expect(values.tcp1).toBeGreaterThan(0);
    expect(gigabits * 8).toBeGreaterThan((values.tcp1 as number) * 0.9);
  });

  test("a path without pings and without a server: what is missing is null, what fails is named", async () => {
    const [a, b] = wire.hosts;
    await run(["tee", "/proc/sys/net/ipv4/icmp_echo_ignore_all"], { netns: b.netns, input: "1" });
    expect(await measureRound(target(), request({}), () => {}, go())).toEqual({ rtt: null, rttP99: null, pingLoss: 100 });
    const nobody = { address: b.ip4, port: PORT + 1, netns: pathTo(a), reverse: false };
    await expect(measureRound(nobody, request({ udpBytes: [64] }), () => {}, go())).rejects.toThrow(
      `UDP 64 B: ${b.ip4} port ${PORT + 1}: no server there`,
    );
  });
});
