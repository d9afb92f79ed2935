// A worker whose core traps: logged, replaced with the same descriptors, the frame that it held counted as core_trap, the other worker untouched.
// The trap is made by a port row whose network lies outside the memory: 2^23 rows of counters wrap round to row 0, 2^23 networks do not.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type AgentOptions, portFor } from "../../../lab/agent.ts";
import { books } from "../../../lab/books.ts";
import { Lab } from "../../../lab/lab.ts";
import { total } from "../../../lab/metrics.ts";
import { type Container, container, type Host, underlay } from "../../../lab/topology.ts";
import { BROADCAST, ethernet, TYPE_EXPERIMENT } from "../../../lab/traffic/frames.ts";
import { ping } from "../../../lab/traffic/ping.ts";
import { startHeartbeat } from "../../../lab/traffic/transfer.ts";
import { eventually } from "../../../lab/wait.ts";
import { Inside } from "../inside.ts";
import { describeNetns } from "../needs.ts";
import { PacketSocket } from "../packet-socket.ts";
import { NETWORK, reachable, VNI } from "../pair.ts";

const OUTSIDE = 2 ** 23;
const REPLACED = "the worker ended and is replaced";

for (const backend of ["native", "dgram"] as const) {
  describeNetns(`a trapped worker, ${backend}`, [], () => {
    let lab: Lab;
    let hosts: Host[];
    let one: Container;
    let two: Container;
    let far: Container;
    let agent: Inside;

    beforeAll(async () => {
      lab = await Lab.open();
      hosts = await underlay(lab, ["a", "b"]);
      [one, two, far] = [await container(lab, "one", 1), await container(lab, "two", 2), await container(lab, "far", 3)];
      [agent] = await Promise.all([
        Inside.start(hosts[0], options(hosts[1], [one, two], 2)),
        Inside.start(hosts[1], options(hosts[0], [far], 1)),
      ]);
      await reachable(one, far.ip4);
      await reachable(two, far.ip4);
    });
    afterAll(() => lab?.close());

    const options = (peer: Host, inside: Container[], workers: number): AgentOptions => ({
      workers,
      backend,
      networks: [{ name: NETWORK, vni: VNI, peers: [peer.ip4], ports: inside.map(portFor) }],
    });
    const restarts = () => agent.run(({ agent }) => agent.plane.pool.restarts);
    /** Sockets, TAPs and doorbells: what must survive a worker. */
    const kept = () => agent.run(({ descriptors }) => descriptors().filter(({ target }) => /socket|tun|eventfd/.test(target)));
    const own = () =>
      agent.run(({ agent }) => ({
        sockets: agent.plane.sockets.flatMap(({ receiver, senders, doorbell }) => [receiver, ...senders, doorbell.fd]),
        ports: [1, 2].map((port) => agent.plane.entries.descriptors[port]),
      }));
    const setNetwork = (port: number, network: number) =>
      agent.run(
        ({ agent, abi }, word) => {
          agent.plane.entries.port(word.port)[abi.P_NETWORK / 4] = word.network;
        },
        { port, network },
      );
    const trap = async (inside: Container, port: number, times: number) => {
      const from = agent.log(REPLACED).length;
      const socket = await PacketSocket.open(inside.netns, TYPE_EXPERIMENT);
      await setNetwork(port, OUTSIDE);
      for (let i = 0; i < times; i++) {
        socket.send(ethernet(BROADCAST, inside.mac, TYPE_EXPERIMENT));
        await agent.logged(REPLACED, from + i);
      }
      await setNetwork(port, 1);
      socket.close();
    };

    test("is logged, and another goes on with the same descriptors", async () => {
      const [descriptors, before] = [await own(), await kept()];
      const heartbeat = await startHeartbeat(lab, { from: two.netns, to: far.netns, address: far.ip4 });
      await trap(one, 1, 1);
      expect(agent.log(REPLACED)[0]).toMatchObject({ level: 50, worker: 0 });
      expect(agent.log(REPLACED)[0].message).toMatch(/memory access out of bounds/);
      expect((await ping(one.netns, far.ip4, { count: 5, atOnce: true })).received).toBe(5);
      const beats = await heartbeat.stop();
      expect(beats).toMatchObject({ error: null });
      expect((await restarts())[1]).toBe(0);
      expect((await restarts())[0]).toBeGreaterThanOrEqual(1);
      expect(await own()).toEqual(descriptors);
      await eventually("as many descriptors as before", async () => (await kept()).length === before.length);
    });

    test("the books balance, with the frame that it held counted", async () => {
      const before = (await restarts())[0];
      const trapped = async () => (await agent.settledBooks()).networks[""].dropped.core_trap ?? 0;
      const counted = await trapped();
      await trap(one, 1, 3);
      const times = (await restarts())[0] - before;
      // The container's own stack may have said something meanwhile, which trapped as well.
      expect(times).toBeGreaterThanOrEqual(3);
      expect((await trapped()) - counted).toBe(times);
      for (const book of Object.values((await agent.settledBooks()).networks)) expect(book.went).toBe(book.came);
    });

    test("under load, and the other worker as well: traffic goes on, nothing is lost from the books, restarts are in the metrics", async () => {
      const flood = lab.spawn(["ping", "-f", "-q", far.ip4], { netns: one.netns });
      const received = async () => books(await agent.metrics()).networks[NETWORK].received.port;
      const begin = await received();
      await eventually("the flood", async () => (await received()) > begin + 100);
      await trap(two, 2, 1);
      await trap(one, 1, 1);
      const after = await received();
      await eventually("the flood to go on", async () => (await received()) > after + 100);
      await flood.kill();
      for (const book of Object.values((await agent.settledBooks()).networks)) expect(book.went).toBe(book.came);
      const [first, second] = await restarts();
      const samples = await agent.metrics();
      // A container's own stack may have said something meanwhile, which trapped as well.
      expect(second).toBeGreaterThanOrEqual(1);
      expect(total(samples, "weft_worker_restarts_total", { worker: "0" })).toBe(first);
      expect(total(samples, "weft_worker_restarts_total", { worker: "1" })).toBe(second);
      expect((await ping(two.netns, far.ip4, { count: 5, atOnce: true })).received).toBe(5);
      expect((await ping(one.netns, two.ip4, { count: 5, atOnce: true })).received).toBe(5);
    });

    test("an agent whose workers were replaced stops as any other", async () => {
      expect(await agent.stop()).toEqual({ code: 0, signal: null });
    });
  });
}
