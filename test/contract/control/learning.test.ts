// Learning from real datagrams through real workers, on loopback. Path MTU and TAPs: test/netns/control/learning.test.ts.

import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import { Learning } from "../../../host/control/learning.ts";
import { PathMtus } from "../../../host/control/path-mtu.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { fdbEntries } from "../../../host/core/read.ts";
import type { NetworkConfig } from "../../../host/model/config.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { BROADCAST, ethernet, TYPE_EXPERIMENT, vxlan } from "../../../lab/traffic/frames.ts";
import { eventually } from "../../../lab/wait.ts";
import { LoopbackPlane, networkConfig, OWN } from "./plane.ts";

const [FIRST, SECOND, UNLISTED] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
const VNI = 42;
/** Longer than a busy machine keeps this thread from speaking. */
const AGEING_SECONDS = 2;

describe.each(["native", "dgram"] as const)("learning, %s", (backend) => {
  let open: LoopbackPlane;
  let learning: Learning;
  const gone: number[] = [];

  const start = async (change: Partial<NetworkConfig> = {}, fdbCapacity = 1024) => {
    open = await LoopbackPlane.open([networkConfig({ vni: VNI, peers: [FIRST, SECOND], ...change })], { backend, fdbCapacity });
    const { plane, forwarding, config } = open;
    const { vteps } = forwarding;
    gone.length = 0;
    vi.spyOn(forwarding, "gone").mockImplementation((port) => void gone.push(port));
    const pathMtus = new PathMtus({ plane, vteps, own: OWN, dataPort: config.node.dataPort, onPathMtu: () => {} });
    learning = new Learning({ plane, forwarding, pathMtus });
    await open.start();
    learning.start();
    return open;
  };
  afterEach(async () => {
    learning.stop();
    expect(open.failures).toEqual([]);
    await open.close();
  });

  const network = () => open.forwarding.networks.at(1);
  const addresses = () => open.forwarding.vteps.all.map(({ address }) => address);
  const mac = (i: number) => `02:00:00:00:00:${i.toString(16).padStart(2, "0")}`;
  const speak = (from: string, ...numbers: number[]) =>
    open.send(
      from,
      numbers.map((i) => vxlan(VNI, ethernet(BROADCAST, mac(i), TYPE_EXPERIMENT))),
    );
  const placeOf = (i: number) => {
    const entry = [...fdbEntries(open.plane.memory)].find((candidate) => candidate.mac === parseMac(mac(i)));
    return entry && { ...entry.target, vtep: open.forwarding.vteps.at(entry.target.index)?.address };
  };
  /** Puts an event in worker 0's ring, as its core does. */
  const tell = (kind: number, network: number, index: number) => {
    const { memory } = open.plane;
    const block = workerBlock(memory, 0);
    const words = new Int32Array(memory.buffer);
    const head = words[(block + abi.W_EVENT_HEAD) >> 2];
    const at = (block + abi.W_EVENTS + (head & (abi.EVENTS_MAX - 1)) * abi.EVENT_BYTES) >> 2;
    words.fill(0, at, at + abi.EVENT_BYTES / 4);
    words[at + abi.E_KIND / 4] = kind;
    words[at + abi.E_NETWORK / 4] = network;
    words[at + abi.E_MAC / 4] = 77;
    words[at + abi.E_INDEX / 4] = index;
    Atomics.store(words, (block + abi.W_EVENT_HEAD) >> 2, head + 1);
    Atomics.add(words, (abi.HEADER + abi.H_DOORBELL) >> 2, 1);
    Atomics.notify(words, (abi.HEADER + abi.H_DOORBELL) >> 2);
  };

  test("places a source address behind the VTEP that it spoke from", async () => {
    await start();
    await speak(FIRST, 1);
    await speak(SECOND, 2);
    await eventually("both", () => placeOf(1) && placeOf(2));
    expect([placeOf(1), placeOf(2)]).toMatchObject([
      { kind: "vtep", vtep: FIRST, isStatic: false },
      { kind: "vtep", vtep: SECOND, isStatic: false },
    ]);
    expect(network()).toMatchObject({ moves: 0, refused: 0 });
  });

  test("moves it when it speaks from another, and counts that", async () => {
    await start();
    await speak(FIRST, 1);
    await eventually("the entry", () => placeOf(1)?.vtep === FIRST);
    // Again and again: what was told in this tick already is told in the next.
    const speaksFrom = async (address: string) => {
      await speak(address, 1);
      return placeOf(1)?.vtep === address;
    };
    await eventually("the move", () => speaksFrom(SECOND));
    await eventually("the move back", () => speaksFrom(FIRST));
    expect(network()?.moves).toBe(2);
  });

  test("never moves what the file says", async () => {
    await start({ fdb: [{ mac: mac(1), vtep: FIRST }] });
    await speak(SECOND, 1, 2);
    await eventually("another entry", () => placeOf(2));
    expect(placeOf(1)).toMatchObject({ vtep: FIRST, isStatic: true });
    expect(network()?.moves).toBe(0);
  });

  test("learns nothing where it is told not to", async () => {
    await start({ learning: false });
    await speak(FIRST, 1);
    const block = () => new BigUint64Array(open.plane.memory.buffer, workerBlock(open.plane.memory, 0) + abi.W_COUNTERS, 128);
    await eventually("the frame", () => block()[abi.COUNTER_ROW_BYTES / 8 + abi.C_RECEIVED_UNDERLAY] === 1n);
    tell(abi.EVENT_PORT_GONE, 0, 9);
    await eventually("an event that came later", () => gone.includes(9));
    expect(placeOf(1)).toBeUndefined();
  });

  test("refuses what finds no room, and counts that", async () => {
    // Eight, less an eighth for static entries.
    await start({}, 8);
    const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
    await speak(FIRST, ...numbers);
    await eventually("five refusals", () => (network()?.refused ?? 0) >= 5);
    expect([...fdbEntries(open.plane.memory)]).toHaveLength(7);
    const known = numbers.find((i) => placeOf(i) !== undefined) as number;
    await speak(SECOND, known);
    await eventually("one that has its place to move all the same", () => placeOf(known)?.vtep === SECOND);
  });

  test("makes a VTEP of an unlisted address where those are allowed, and of nobody else", async () => {
    await start({ allowUnlistedSources: true });
    await speak(UNLISTED, 1, 2);
    await eventually("both", () => placeOf(1)?.vtep === UNLISTED && placeOf(2)?.vtep === UNLISTED);
    expect(addresses().filter((address) => address === UNLISTED)).toHaveLength(1);
    const row = open.plane.entries.vtep(open.forwarding.vteps.place(UNLISTED).index);
    expect([row[abi.V_FAMILY / 4], row[abi.V_PORT / 4], row[abi.V_MTU / 4]]).toEqual([4, open.config.node.dataPort, 1450]);
  });

  test("drops an unlisted address where they are not", async () => {
    await start();
    await speak(UNLISTED, 1);
    await speak(FIRST, 2);
    await eventually("the listed one", () => placeOf(2));
    expect(placeOf(1)).toBeUndefined();
    expect(addresses()).not.toContain(UNLISTED);
  });

  test("forgets what is silent, not what speaks", async () => {
    await start({ ageingSeconds: AGEING_SECONDS });
    await speak(FIRST, 1, 2);
    await eventually("both", () => placeOf(1) && placeOf(2));
    let speaking = true;
    const voice = (async () => {
      while (speaking) {
        await speak(FIRST, 2);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    await eventually("the silent one to go", () => placeOf(1) === undefined);
    expect(placeOf(2)).toBeDefined();
    speaking = false;
    await voice;
    await eventually("the other one to go", () => placeOf(2) === undefined);
  });

  test("tells of ports that are gone, and survives what a core that went astray may tell", async () => {
    await start();
    tell(abi.EVENT_LEARN_PORT, 999, 1);
    tell(abi.EVENT_LEARN_VTEP, 0, 1);
    tell(abi.EVENT_PATH_MTU, 0, 4000);
    tell(12_345, 1, 1);
    tell(abi.EVENT_PORT_GONE, 0, 3);
    await eventually("the port", () => gone.includes(3));
    await speak(FIRST, 1);
    await eventually("an entry afterwards", () => placeOf(1));
  });

  test("leaves the thread time for others however often it is rung", async () => {
    await start();
    const code =
      'const { workerData: w } = require("node:worker_threads"); for (;;) { Atomics.add(w.words, w.at, 1); Atomics.notify(w.words, w.at); }';
    const words = new Int32Array(open.plane.memory.buffer);
    const ringer = new Worker(code, { eval: true, workerData: { words, at: (abi.HEADER + abi.H_DOORBELL) >> 2 } });
    const before = Atomics.load(words, (abi.HEADER + abi.H_DOORBELL) >> 2);
    await eventually("the ringing", () => Atomics.load(words, (abi.HEADER + abi.H_DOORBELL) >> 2) - before > 1000);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    await eventually("timers beside it", () => ticks >= 10);
    clearInterval(timer);
    await ringer.terminate();
  });
});
