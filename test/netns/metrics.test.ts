// What an agent shows while it works: metrics that promtool accepts, and the client's tables for people and programs.

import { afterAll, beforeAll, expect, test } from "vitest";
import { WEFT } from "../../lab/agent.ts";
import { attempt, run } from "../../lab/command.ts";
import { total } from "../../lab/metrics.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { describeNetns } from "./needs.ts";
import { closePair, NETWORK, openPair, type Pair, VNI } from "./pair.ts";

describeNetns("what an agent shows", [], () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await openPair({
      left: "weft",
      right: "weft",
      network: { neighbors: [{ ip: "10.0.0.77", mac: "02:42:0a:00:00:4d" }], fdb: [{ mac: "02:42:0a:00:00:4d", vtep: "10.99.0.9" }] },
    });
    await ping(pair.containers[0].netns, pair.containers[1].ip4, { count: 10, intervalSeconds: 0.02 });
  });
  afterAll(() => closePair(pair));

  test("bytes and frames of the pings", async () => {
    const samples = await pair.agents[0].metrics();
    for (const direction of ["received_port", "received_underlay", "delivered", "sent"]) {
      const frames = total(samples, "weft_frames_total", { network: NETWORK, vni: `${VNI}`, direction });
      expect(frames).toBeGreaterThanOrEqual(10);
      // An echo request of 56 bytes is a frame of 98.
      expect(total(samples, "weft_bytes_total", { network: NETWORK, direction })).toBeGreaterThanOrEqual(980);
    }
    expect(total(samples, "weft_port_up", { network: NETWORK, interface: "eth0" })).toBe(1);
    expect(total(samples, "weft_network_mtu_bytes", { network: NETWORK })).toBe(1450);
    expect(total(samples, "weft_worker_breaths_total")).toBeGreaterThan(0);
  });

  test.each([
    { what: "fdb", words: ["02:42:0a:00:00:01", "static", "02:42:0a:00:00:02", "learned", "10.99.0.2"] },
    { what: "neighbor", words: ["10.0.0.77", "02:42:0a:00:00:4d"] },
    { what: "vtep", words: ["10.99.0.2", "4789", "1450", NETWORK] },
  ] as const)("weft $what show, for people and for programs", async ({ what, words }) => {
    const [agent] = pair.agents;
    const { code, stdout } = await agent.client(what, "show");
    expect(code).toBe(0);
    const rows = JSON.stringify(await agent.show(what));
    for (const word of words) {
      expect(stdout).toContain(word);
      expect(rows).toContain(word);
    }
  });

  test("a client without an agent says so", async () => {
    const { code, stderr } = await attempt([WEFT, "fdb", "show", "--host", "unix:///nowhere.sock"]);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain("/nowhere.sock");
  });
});

describeNetns("promtool", ["promtool"], () => {
  test("accepts the metrics", async () => {
    const pair = await openPair({ left: "weft", right: "weft" });
    const text = await pair.agents[0].metricsText();
    expect(await run(["promtool", "check", "metrics"], { input: text })).toBe("");
    await closePair(pair);
  });
});
