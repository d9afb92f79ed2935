import { afterAll, beforeAll, expect, test } from "vitest";
import { greet, tcp } from "../../../host/measure/iperf.ts";
import { explainStart, serve, testLine } from "../../../host/measure/server.ts";
import { WEFT } from "../../../lab/agent.ts";
import { run } from "../../../lab/command.ts";
import { eventually } from "../../../lab/wait.ts";
import { describeNetns } from "../needs.ts";
import { BENCH_PROGRAMS, go, openWire, PORT, pathTo, programsIn, serveIn, type Wire } from "./wire.ts";

describeNetns("a server", BENCH_PROGRAMS, () => {
  let wire: Wire;
  beforeAll(async () => {
    wire = await openWire();
  });
  afterAll(() => wire.lab.close());
  const target = () => ({ address: wire.hosts[1].ip4, port: PORT, netns: pathTo(wire.hosts[0]), reverse: false });

  test("serves one test after another, says what each was, and leaves nothing when it is stopped", async () => {
    const server = await serveIn(wire.hosts[1]);
    const peer = await greet(target(), go());
    expect(peer?.system).toBe(`Linux ${(await run(["uname", "-r"])).trim()}`);
    expect((await tcp(target(), 2, 1, go())).bytes).toBeGreaterThan(1e6);
    const lines = await eventually("three lines", () => server.told.length >= 3 && server.told);
    expect(lines[0]).toMatch(/^\d+ × .*, Linux .*, weft \d.*, iperf3 \d.*, load \d/);
    expect(lines[1]).toBe(`${wire.hosts[0].ip4}: looks whether a server is here\n`);
    expect(lines[2]).toMatch(/^10\.99\.0\.1: TCP × 2: \d+\.\d\d Gb\/s\n$/);
    await server.stop();
    expect(await programsIn(wire.hosts[1])).toEqual([]);
    expect(server.told).toHaveLength(3);
  });

  test("goes on after clients that are none, or that go away in the middle", async () => {
    const server = await serveIn(wire.hosts[1]);
    const inA = (...argv: string[]) => wire.lab.spawn(argv, { netns: wire.hosts[0].netns });
    expect((await inA("bash", "-c", `echo hello > /dev/tcp/${wire.hosts[1].ip4}/${PORT}`).exited).code).toBe(0);
    await eventually("a word about the stranger", () => server.told.length >= 2);
    const client = inA("iperf3", "-c", wire.hosts[1].ip4, "-t", "60", "--forceflush");
    await client.waitFor(/connected to/);
    await client.kill();
    await eventually("a word about the client", () => server.told.some((line) => line.includes("the client has unexpectedly closed")));
    expect(await greet(target(), go())).not.toBeNull();
    await server.stop();
    expect(await programsIn(wire.hosts[1])).toEqual([]);
  });

  test.each([
    ["a port that is taken", null, /^any address port 5201, network namespace .*: Address already in use: does another server run there/],
    ["an address of somebody else", "192.0.2.1", /^192\.0\.2\.1 port 5201, network namespace .*: Cannot assign requested address$/],
  ])("%s: one line", async (_, bind, message) => {
    const server = await serveIn(wire.hosts[1]);
    const told: string[] = [];
    const second = serve(
      { netns: wire.hosts[1].netns, bind, port: PORT },
      (line) => told.push(line),
      (line) => told.push(line),
      go(),
    );
    await expect(second).rejects.toThrow(message);
    expect(told).toEqual([]);
    await server.stop();
  });

  test("a weft that is killed takes its server along", async () => {
    const weft = wire.lab.spawn([WEFT, "bench", "serve", "--netns", wire.hosts[1].netns]);
    await weft.waitFor(/^weft bench ready: any address port 5201, network namespace /m);
    expect(await programsIn(wire.hosts[1])).toEqual(["iperf3"]);
    await weft.kill();
    await eventually("the server's end", async () => (await programsIn(wire.hosts[1])).length === 0);
  });
});

test("why a server did not start, whatever it printed", () => {
  expect(explainStart("", "port 1")).toBe("port 1: iperf3 ended without a word");
  expect(explainStart("{}", "port 1")).toBe("port 1: iperf3 ended by itself");
});

test("a line about a test, whatever the report has", () => {
  expect(testLine("")).toBe("a client: iperf3 ended without a word");
  const start = { accepted_connection: { host: "10.0.0.1" }, test_start: { protocol: "UDP", blksize: 64, num_streams: 1, bytes: 0 } };
  const end = { sum_received: { bytes: 640_000, seconds: 2 } };
  expect(testLine(JSON.stringify({ start, end }))).toBe("10.0.0.1: UDP 64 B: 5 k/s");
  expect(
    testLine(JSON.stringify({ start, end: { sum_received: { bytes: 0, seconds: 0 }, sum_sent: { bytes: 64_000, seconds: 1 } } })),
  ).toBe("10.0.0.1: UDP 64 B: 1 k/s");
  expect(testLine(JSON.stringify({ start, error: "the client has terminated" }))).toBe("10.0.0.1: the client has terminated");
  expect(testLine("{}")).toBe("a client: TCP × 1: 0.00 Gb/s");
});
