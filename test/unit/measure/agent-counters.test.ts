// Read from a metrics server of the agent's own, over HTTP.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { C_DELIVERED, C_DROPPED, C_SENT } from "../../../assembly/abi/counter.ts";
import { DROP_FULL_RING, DROP_PKT_TOO_BIG } from "../../../assembly/abi/reason.ts";
import { S_SOCKET_DROPS } from "../../../assembly/abi/worker.ts";
import { addDifference, NO_FRAMES, parseCounters, readCounters } from "../../../host/measure/agent-counters.ts";
import { type MetricsServer, serveMetrics } from "../../../host/metrics/server.ts";
import type { AgentFrames } from "../../../host/model/bench.ts";
import { OperationError } from "../../../host/model/errors.ts";
import { VERSION } from "../../../host/model/version.ts";
import { row, sampleView, words } from "../view.ts";

let served: MetricsServer | undefined;
let other: Server | undefined;
afterEach(async () => {
  await served?.close();
  other?.close();
  [served, other] = [undefined, undefined];
});

describe("reading", () => {
  test("workers are added up, by network; a reason is the core's", async () => {
    const blue = (worker: number, values: Record<number, number>) => ({ network: "blue", vni: 42, worker, values: row(values) });
    const counters = () => [
      blue(0, { [C_SENT]: 10, [C_DELIVERED]: 5, [C_DROPPED + DROP_FULL_RING]: 2 }),
      blue(1, { [C_SENT]: 1, [C_DROPPED + DROP_FULL_RING]: 3, [C_DROPPED + DROP_PKT_TOO_BIG]: 1 }),
    ];
    const stats = () => [{ worker: 0, values: words({ [S_SOCKET_DROPS]: 7 }), restarts: 0 }];
    served = await serveMetrics({ host: "127.0.0.1", port: 0 }, sampleView({ counters, stats }));
    const { agent, frames } = await readCounters(`127.0.0.1:${served.port}`);
    expect(agent).toEqual({ version: VERSION, node: "a", backend: "native" });
    expect(frames.networks).toHaveLength(1);
    expect(frames.networks[0]).toMatchObject({ network: "blue", sent: 11, delivered: 5, dropped: { full_ring: 5, pkt_too_big: 1 } });
    expect(frames.kernelDropped).toEqual({ fromContainers: 5, fromUnderlay: 7 });
  });

  test("nobody there: one line that says what to look at", async () => {
    served = await serveMetrics({ host: "127.0.0.1", port: 0 }, sampleView());
    const address = `127.0.0.1:${served.port}`;
    await served.close();
    await expect(readCounters(address)).rejects.toThrow(
      `metrics at ${address}: connect ECONNREFUSED ${address}: does an agent serve them there (metrics: in its file)?`,
    );
    await expect(readCounters("127.0.0.1:99999")).rejects.toThrow(OperationError);
  });

  test.each([
    [200, "node_load1 0.5\n", "these are not a weft agent's"],
    [404, "", "status 404"],
  ])("somebody else there: status %i, %j", async (status, text, message) => {
    other = createServer((_, response) => response.writeHead(status).end(text));
    await new Promise<void>((done) => other?.listen(0, "127.0.0.1", done));
    await expect(readCounters(`127.0.0.1:${(other.address() as AddressInfo).port}`)).rejects.toThrow(message);
  });
});

test("what is not an exposition is none", () => {
  expect(parseCounters("")).toBeNull();
  expect(parseCounters("<html>weft_build_info</html>")).toBeNull();
});

describe("differences", () => {
  const frames = (sent: number, dropped: Record<string, number> = {}, fromUnderlay = 0): AgentFrames => ({
    networks: [{ network: "blue", sent, delivered: 2 * sent, dropped }],
    kernelDropped: { fromContainers: 0, fromUnderlay },
  });

  test("add up over rounds, and reasons that stayed at 0 are left out", () => {
    const once = addDifference(NO_FRAMES, frames(100, { full_ring: 1, port_down: 3 }, 10), frames(150, { full_ring: 5, port_down: 3 }, 12));
    expect(once).toEqual(frames(50, { full_ring: 4 }, 2));
    expect(addDifference(once, frames(200, { full_ring: 5 }, 12), frames(201, { full_ring: 6 }, 12))).toEqual(
      frames(51, { full_ring: 5 }, 2),
    );
  });

  test("an agent that was restarted began at 0", () => {
    expect(addDifference(NO_FRAMES, frames(100), frames(7)).networks[0].sent).toBe(7);
  });

  test("a network that came up meanwhile", () => {
    expect(addDifference(NO_FRAMES, NO_FRAMES, frames(7))).toEqual(frames(7));
  });
});
