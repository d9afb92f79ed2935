// Several workers on each host: ports are divided among them on the way out, flows on the way in (the SO_REUSEPORT hash of the outer source port), and
// every flow stays in order whatever ways the others take.

import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { portFor } from "../../lab/agent.ts";
import { Lab } from "../../lab/lab.ts";
import { total } from "../../lab/metrics.ts";
import { type Container, container, type Host, underlay } from "../../lab/topology.ts";
import { PORT } from "../../lab/traffic/ports.ts";
import { makeFile, sendDatagrams, sendFile } from "../../lab/traffic/transfer.ts";
import { Inside } from "./inside.ts";
import { describeNetns } from "./needs.ts";
import { NETWORK, reachable, VNI } from "./pair.ts";
import { watchers } from "./programs/descriptors.ts";

const PORTS_EACH = 4;
const FLOWS = 16;
const COUNT = 100;
const BYTES = 200;
const QUIET_MS = 5000;
const FILE_BYTES = 16 << 20;
const PORTS = Array.from({ length: PORTS_EACH }, (_, i) => i + 1);

interface Received {
  flows: number;
  received: number;
  late: number;
}

describeNetns("several workers", [], () => {
  describe.each([2, 4])("%i on each host", (workers) => {
    let lab: Lab;
    let hosts: Host[];
    let here: Container[];
    let there: Container[];
    let agents: Inside[];

    beforeAll(async () => {
      lab = await Lab.open();
      hosts = await underlay(lab, ["a", "b"]);
      [here, there] = [[], []];
      for (const port of PORTS) here.push(await container(lab, `h${port}`, port));
      for (const port of PORTS) there.push(await container(lab, `t${port}`, PORTS_EACH + port));
      agents = await Promise.all(
        [here, there].map((inside, i) => {
          const networks = [{ name: NETWORK, vni: VNI, peers: [hosts[1 - i].ip4], ports: inside.map(portFor) }];
          return Inside.start(hosts[i], { workers, networks });
        }),
      );
      // Everybody knows everybody: a stack that still asks for an address keeps few datagrams, and lets them out beside the next ones.
      const all = [...here, ...there];
      await Promise.all(all.map(async (from) => await Promise.all(all.filter((to) => to !== from).map((to) => reachable(from, to.ip4)))));
    });
    afterAll(() => lab?.close());
    afterEach(async () => {
      for (const agent of agents) {
        for (const { came, went } of Object.values((await agent.settledBooks()).networks)) expect(went).toBe(came);
        expect(await agent.run(({ agent }) => agent.plane.pool.restarts)).toEqual(Array(workers).fill(0));
      }
    });

    const program = (name: string) => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
    const spawn = (inside: Container, name: string, words: (string | number)[]) =>
      lab.spawn([process.execPath, "--disable-warning=ExperimentalWarning", program(name), ...words.map(String)], {
        netns: inside.netns,
        name,
      });
    /** Many flows from each sender to one receiver, all at once; gives what came. */
    const flows = async (senders: Container[], to: Container): Promise<Received> => {
      const receiver = spawn(to, "flows-receive", [to.ip4, PORT, senders.length * FLOWS, QUIET_MS]);
      await receiver.waitFor(/listening/);
      const sending = senders.map((from) => spawn(from, "flows-send", [to.ip4, PORT, FLOWS, COUNT, BYTES]));
      for (const sender of sending) expect((await sender.exited).code, sender.describe()).toBe(0);
      expect((await receiver.exited).code, receiver.describe()).toBe(0);
      return JSON.parse(receiver.stdout.trim().split("\n").at(-1) ?? "") as Received;
    };
    const whole = (senders: number): Received => ({ flows: senders * FLOWS, received: senders * FLOWS * COUNT, late: 0 });
    /** Frames by worker. */
    const byWorker = async (agent: Inside, direction: string) => {
      const samples = await agent.metrics();
      return Array.from({ length: workers }, (_, worker) => total(samples, "weft_frames_total", { worker: String(worker), direction }));
    };

    test("ports are spread over them, each watched by its own", async () => {
      for (const agent of agents) {
        const rows = await agent.run(
          ({ agent, abi }, ports) =>
            ports.map((port) => [agent.plane.entries.port(port)[abi.P_OWNER / 4], agent.plane.entries.descriptors[port]]),
          PORTS,
        );
        expect(rows.map(([owner]) => owner)).toEqual(PORTS.map((port) => (port - 1) % workers));
        const watching = rows.map(([, fd]) => watchers(agent.daemon.pid, fd));
        expect(watching.map((epolls) => epolls.length)).toEqual(PORTS.map(() => 1));
        expect(new Set(watching.flat()).size).toBe(workers);
      }
    });

    test("one flow stays in order", async () => {
      const result = await sendDatagrams(lab, { from: here[0].netns, to: there[1].netns, address: there[1].ip4 }, 4000, 64);
      expect(result).toEqual({ sent: 4000, received: 4000, duplicates: 0, damaged: 0, late: 0 });
    });

    test("many flows of one port stay in order, on all workers of the receiving host", async () => {
      const before = await byWorker(agents[1], "received_underlay");
      expect(await flows([here[0]], there[0])).toEqual(whole(1));
      const after = await byWorker(agents[1], "received_underlay");
      const used = after.filter((count, worker) => count > before[worker]).length;
      // Sixteen flows and as many source ports: that all go one way has the chance of two to the power of minus fifteen, at most.
      expect(used).toBeGreaterThan(1);
    });

    test("many flows of many ports to one stay in order, while others go the other way", async () => {
      const [sent, back] = await Promise.all([flows(here, there[0]), flows(there.slice(1), here[1])]);
      expect(sent).toEqual(whole(PORTS_EACH));
      expect(back).toEqual(whole(PORTS_EACH - 1));
      const read = await byWorker(agents[0], "received_port");
      expect(read.filter((count) => count > COUNT * FLOWS)).toHaveLength(workers);
    });

    test("flows between ports of different workers on one host stay in order, and stay on the host", async () => {
      const before = await byWorker(agents[0], "sent");
      expect(await flows([here[0], here[2], here[3]], here[1])).toEqual(whole(3));
      const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
      // Thousands stay; what goes out are probes of stacks that want to know whether their neighbours are still there.
      expect(sum(await byWorker(agents[0], "sent")) - sum(before)).toBeLessThan(COUNT);
    });

    test("files go both ways at once, and between ports of one host", async () => {
      const file = makeFile(lab, "file", FILE_BYTES);
      const pairs = [
        [here[0], there[1]],
        [there[0], here[1]],
        [here[2], here[3]],
      ];
      const all = pairs.map(([from, to]) => sendFile(lab, { from: from.netns, to: to.netns, address: to.ip4 }, file.path));
      expect((await Promise.all(all)).map(({ receivedSha256 }) => receivedSha256)).toEqual(Array(pairs.length).fill(file.sha256));
    });
  });
});
