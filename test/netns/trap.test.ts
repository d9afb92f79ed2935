// A trap in the packet core: logged, counted, the worker replaced, with the same descriptors; connections live on, and the books balance. The trap is
// provoked from outside: a port's entry in the shared memory is given a network index that leads beyond the memory, for as long as it takes.

import { readdirSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { P_NETWORK } from "../../assembly/abi/port.ts";
import type { Agent } from "../../lab/agent.ts";
import { CoreMemory } from "../../lab/core-memory.ts";
import { total } from "../../lab/metrics.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { makeFile, sendFile, startHeartbeat } from "../../lab/traffic/transfer.ts";
import { eventually } from "../../lab/wait.ts";
import { describeNetns } from "./needs.ts";
import { closePair, openPair, type Pair, reachable } from "./pair.ts";

/** Its row of counters would begin 2 GiB behind the first: more than the memory ever has. */
const NETWORK_BEYOND = 1 << 22;
const PORT = 1;

/** What the agent's descriptors lead to, sockets and TAPs. */
function descriptors({ pid }: Agent): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return target.startsWith("socket:") || target === "/dev/net/tun" ? [`${fd} ${target}`] : [];
    } catch {
      return []; // Closed meanwhile.
    }
  });
  return links.sort();
}

for (const backend of ["native", "dgram"] as const) {
  describeNetns(`a trap in a worker, backend ${backend}`, [], () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await openPair({ left: "weft", right: "weft", agent: { backend, workers: 2 } });
    });
    afterAll(() => closePair(pair));

    test("is logged and counted, the worker replaced, and traffic goes on", async () => {
      const [agent] = pair.agents;
      const [left, right] = pair.containers;
      const heartbeat = await startHeartbeat(pair.lab, { from: right.netns, to: left.netns, address: left.ip4 });
      const before = descriptors(agent);
      const memory = new CoreMemory(agent.pid);
      const place = memory.port(PORT) + P_NETWORK;
      const network = memory.read(place);
      expect(network).toBe(1);

      memory.write(place, NETWORK_BEYOND);
      const restarts = async () => total(await agent.metrics(), "weft_worker_restarts_total");
      await eventually("a worker to be replaced", async () => {
        await ping(left.netns, right.ip4, { count: 1, waitSeconds: 1 });
        return (await restarts()) > 0;
      });
      memory.write(place, network);
      memory.close();

      await reachable(left, right.ip4);
      expect(agent.daemon.exit).toBeNull();
      await agent.daemon.waitFor(/"level":(40|50|60).*worker/, "stderr");
      const { error, beats } = await heartbeat.stop();
      expect(error).toBeNull();
      expect(beats).toBeGreaterThan(1);
      const file = makeFile(pair.lab, "file", 16 << 20);
      const { same } = await sendFile(pair.lab, { from: left.netns, to: right.netns, address: right.ip6 }, file.path);
      expect(same).toBe(true);
      // node:dgram works on duplicates: only the native backend's workers touch the sockets that the agent opened.
      if (backend === "native") expect(descriptors(agent).filter((link) => before.includes(link))).toEqual(before);
      const settled = await restarts();
      await ping(left.netns, right.ip4, { count: 3 });
      expect(await restarts()).toBe(settled);
    });
  });
}
