// Nodes in virtual time: who is suspected, when, for what cause, and who is not.

import { describe, expect, test } from "vitest";
import { BURST, Detector } from "../../../../host/cluster/probe/detector.ts";
import type { Outgoing, ProbeMessage } from "../../../../host/cluster/probe/message.ts";
import type { PeerState } from "../../../../host/cluster/probe/peer.ts";
import { Random, seed } from "../../../oracle/random.ts";
import { idOf, MTU, Nodes, peerOf, type Wire } from "./nodes.ts";

const fine: Wire = () => 1;
/** Nothing between these passes, in the direction that is named. */
const without =
  (...walls: [from: number | "any", to: number | "any"][]): Wire =>
  (from, to) =>
    walls.some(([a, b]) => (a === "any" || a === from) && (b === "any" || b === to)) ? null : 1;

function settled(count: number, wire: Wire = fine, from = seed): Nodes {
  const nodes = new Nodes(count, new Random(from), wire);
  nodes.run(3000);
  return nodes;
}

const states = (nodes: Nodes, node: number): PeerState[] => [...nodes.detector(node).peers()].map(({ state }) => state);
const suspects = (nodes: Nodes, node: number): string[] => [...nodes.detector(node).suspected()].sort();

describe(`nodes that reach each other (seed ${seed})`, () => {
  test("know it within two seconds, with round trips and without losses, for about one probe a second and peer", () => {
    const nodes = new Nodes(5, new Random(), () => 7);
    nodes.run(2000);
    for (let node = 0; node < 5; node++) expect(states(nodes, node)).toEqual(Array(4).fill("reachable"));
    const peer = nodes.peer(0, 3);
    expect(peer.roundTripMs).toBe(14);
    expect(peer.loss).toBe(0);
    nodes.run(5000);
    const before = nodes.sent;
    nodes.run(20_000);
    // A request and a reply; and now and then one of the path's size.
    expect((nodes.sent - before) / (2 * 5 * 4 * 20)).toBeGreaterThan(0.99);
    expect((nodes.sent - before) / (2 * 5 * 4 * 20)).toBeLessThan(1.1);
    expect(nodes.verdicts).toEqual([]);
    expect(nodes.ignored).toEqual([]);
  });

  test("are not suspected when the path becomes slow all at once", () => {
    const nodes = settled(4);
    nodes.wire = () => 450;
    nodes.run(60_000);
    expect(nodes.verdicts).toEqual([]);
    expect(nodes.peer(0, 1).roundTripMs).toBeCloseTo(900, 0);
  });

  test("are told from those that have never answered, which are not suspected", () => {
    const nodes = new Nodes(3, new Random(), without(["any", 2]));
    nodes.run(20_000);
    expect([states(nodes, 0), states(nodes, 1), states(nodes, 2)]).toEqual([
      ["reachable", "unknown"],
      ["reachable", "unknown"],
      ["unknown", "unknown"],
    ]);
    expect(nodes.verdicts).toEqual([]);
    expect(nodes.peer(0, 2).loss).toBe(1);
    nodes.wire = fine;
    expect(nodes.until(() => !states(nodes, 0).includes("unknown"), 2000)).toBeLessThan(1100);
  });
});

describe(`what cannot be reached (seed ${seed})`, () => {
  test("a node that is gone is suspected by all within 2.6 s, for itself; it comes back within 1.1 s", () => {
    const nodes = settled(5);
    nodes.wire = without(["any", 2], [2, "any"]);
    const others = [0, 1, 3, 4];
    expect(nodes.until(() => others.every((node) => suspects(nodes, node).includes("192.0.2.2")), 5000)).toBeLessThan(2600);
    nodes.run(3000);
    for (const node of others) {
      expect(suspects(nodes, node)).toEqual(["192.0.2.2"]);
      expect(nodes.peer(node, 2).othersReach).toBe(false);
    }
    expect(suspects(nodes, 2).length).toBe(4);
    nodes.wire = fine;
    expect(nodes.until(() => [0, 1, 2, 3, 4].every((node) => suspects(nodes, node).length === 0), 5000)).toBeLessThan(1100);
  });

  test.each([
    ["both ways", without([0, 1], [1, 0])],
    ["one way", without([0, 1])],
  ])("a path that is broken %s is suspected by both its ends alone, and for the path", (_, wire) => {
    const nodes = settled(6);
    nodes.wire = wire;
    expect(nodes.until(() => suspects(nodes, 0).length + suspects(nodes, 1).length === 2, 5000)).toBeLessThan(2600);
    nodes.run(25_000);
    for (const node of [2, 3, 4, 5]) expect(suspects(nodes, node)).toEqual([]);
    expect([suspects(nodes, 0), suspects(nodes, 1)]).toEqual([["192.0.2.1"], ["192.0.2.0"]]);
    expect([nodes.peer(0, 1).othersReach, nodes.peer(1, 0).othersReach]).toEqual([true, true]);
    nodes.wire = fine;
    expect(nodes.until(() => suspects(nodes, 0).length + suspects(nodes, 1).length === 0, 5000)).toBeLessThan(1100);
    expect(nodes.peer(0, 1).othersReach).toBeNull();
  });

  test("of two nodes alone nobody can say what is broken", () => {
    const nodes = settled(2);
    nodes.wire = without([0, 1]);
    nodes.run(5000);
    expect([suspects(nodes, 0).length, suspects(nodes, 1).length]).toEqual([1, 1]);
    expect(nodes.peer(0, 1).othersReach).toBeNull();
  });

  test("the cause follows: the node comes back, but not for one", () => {
    const nodes = settled(4);
    nodes.wire = without(["any", 2], [2, "any"]);
    nodes.run(6000);
    expect(nodes.peer(0, 2).othersReach).toBe(false);
    nodes.wire = without([0, 2]);
    nodes.run(25_000);
    expect([suspects(nodes, 0), nodes.peer(0, 2).othersReach, suspects(nodes, 1)]).toEqual([["192.0.2.2"], true, []]);
  });

  test("a node that somebody says is gone is asked at once: it is suspected within 1.3 s if so, and otherwise nothing comes of it", () => {
    const nodes = settled(3);
    nodes.detector(0).doubt("192.0.2.1");
    nodes.run(3000);
    expect(nodes.verdicts).toEqual([]);
    expect([...nodes.detector(0).reachable()].sort()).toEqual(["192.0.2.1", "192.0.2.2"]);
    nodes.wire = without(["any", 2]);
    nodes.detector(0).doubt("192.0.2.2");
    expect(nodes.until(() => suspects(nodes, 0).includes("192.0.2.2"), 5000)).toBeLessThan(1300);
    expect([...nodes.detector(0).reachable()]).toEqual(["192.0.2.1"]);
  });

  test("a peer that is taken away is no suspect any more, and that is told", () => {
    const nodes = settled(3);
    nodes.wire = without(["any", 2]);
    nodes.run(4000);
    expect(suspects(nodes, 0)).toEqual(["192.0.2.2"]);
    nodes.detector(0).setPeers([peerOf(1)]);
    expect(nodes.verdicts.at(-1)).toMatchObject({ node: 0, suspected: [] });
    expect([...nodes.detector(0).peers()].length).toBe(1);
  });

  test("a peer at another address begins anew; another name changes nothing", () => {
    const nodes = settled(2);
    nodes.detector(0).setPeers([{ ...peerOf(1), name: "other" }]);
    expect([nodes.peer(0, 1).state, nodes.peer(0, 1).is.name]).toEqual(["reachable", "other"]);
    nodes.detector(0).setPeers([{ ...peerOf(1), vtep: "192.0.2.99" }]);
    expect(nodes.peer(0, 1).state).toBe("unknown");
  });

  test.each([40, 80])("of %i peers half become suspect and come back, with the probes bounded", (count) => {
    const nodes = settled(count);
    nodes.run((count / 32) * 1000);
    const isLeft = (node: number) => node < count / 2;
    nodes.wire = (from, to) => (isLeft(from) === isLeft(to) ? 1 : null);
    nodes.run((count / 32) * 1000 + 4000);
    expect(suspects(nodes, 0).length).toBe(count / 2);
    const before = nodes.sent;
    nodes.run(10_000);
    // A sample of 32, as many answers, as many suspects as there are or 64, a search for each path's size; and questions.
    expect((nodes.sent - before) / 10 / count).toBeLessThan(2 * 32 + 64 + 40);
    nodes.wire = fine;
    const all = Array.from({ length: count }, (_, node) => node);
    expect(nodes.until(() => all.every((node) => suspects(nodes, node).length === 0), 10_000)).toBeLessThan(3000);
  });
});

describe(`a process that slept (seed ${seed})`, () => {
  test.each([300, 1000, 10_000, 60_000])("%i ms suspects nobody when it wakes, and is soon suspected by nobody", (ms) => {
    const nodes = settled(6);
    nodes.sleep(0, ms);
    nodes.run(ms);
    const others = [1, 2, 3, 4, 5];
    if (ms >= 10_000) for (const node of others) expect(suspects(nodes, node)).toEqual(["192.0.2.0"]);
    nodes.run(1200);
    for (const node of others) expect(suspects(nodes, node)).toEqual([]);
    nodes.run(10_000);
    expect(nodes.verdicts.filter(({ node }) => node === 0)).toEqual([]);
    expect(nodes.peer(0, 1).loss).toBe(0);
  });

  test("does not take for lost what it could not read", () => {
    const nodes = settled(2, () => 80);
    for (let i = 0; i < 20; i++) {
      nodes.until(() => nodes.now - nodes.peer(0, 1).lastSentAt < 50, 2000);
      nodes.sleep(0, 2000);
      nodes.run(3000);
    }
    expect([nodes.peer(0, 1).lost, nodes.peer(0, 1).loss]).toEqual([0, 0]);
    expect(nodes.verdicts.filter(({ node }) => node === 0)).toEqual([]);
    expect(nodes.peer(0, 1).forgotten).toBeGreaterThan(0);
    expect(nodes.ignored.every(({ why }) => why === "unexpected")).toBe(true);
  });

  test("at the end of a burst that was lost begins the burst again", () => {
    const nodes = settled(2);
    nodes.wire = without([0, 1]);
    nodes.until(() => nodes.peer(0, 1).burst?.sent === BURST, 5000);
    nodes.wire = fine;
    nodes.sleep(0, 5000);
    nodes.run(6000);
    expect(nodes.verdicts.filter(({ node }) => node === 0)).toEqual([]);
  });

  test("again and again, half of the time", () => {
    const nodes = settled(3);
    for (let i = 0; i < 100; i++) {
      nodes.sleep(0, 400);
      nodes.run(800);
    }
    expect(nodes.verdicts).toEqual([]);
  });

  test.each([50, 140])(
    "and has a tick every %i ms since, suspects after 24 of them in silence: 1.2 s of at most 50 ms a tick",
    (tickMs) => {
      const random = new Random(seed);
      const sent: Outgoing[] = [];
      let now = 0;
      let suspectAt: number | null = null;
      const detector = new Detector({
        mtu: MTU,
        random: () => random.u32() / 2 ** 32,
        send: (_, message) => sent.push(message),
        onChange: () => {
          suspectAt = now;
        },
        onPathSize: () => {},
      });
      detector.setPeers([peerOf(1)]);
      const tick = () => {
        now += tickMs;
        detector.tick(now);
        return sent.splice(0);
      };
      const reply = (to: Outgoing): ProbeMessage => ({ ...to, kind: "reply", from: idOf(1), incarnation: 1, to: idOf(0) });
      while (now < 10_000) for (const message of tick()) detector.receive(reply(message), now);
      expect(detector.reachable().size).toBe(1);
      let silentFrom: number | null = null;
      while (suspectAt === null && now < 60_000) if (tick().length > 0) silentFrom ??= now;
      expect((suspectAt ?? 0) - (silentFrom ?? 0)).toBe(24 * tickMs);
    },
  );

  test("finds out afterwards who is really gone", () => {
    const nodes = settled(4);
    nodes.wire = without(["any", 3], [3, "any"]);
    nodes.sleep(0, 5000);
    nodes.run(5000);
    expect(nodes.until(() => suspects(nodes, 0).length > 0, 5000)).toBeLessThan(2600);
    expect(suspects(nodes, 0)).toEqual(["192.0.2.3"]);
  });
});

describe(`loss (seed ${seed})`, () => {
  const lossy =
    (random: Random, share: number): Wire =>
    () =>
      random.u32() / 2 ** 32 < share ? null : 1;
  /** Of a suspicion without a cause, for each probe: it and the whole burst are lost, there or on the way back. */
  const chance = (share: number) => (1 - (1 - share) ** 2) ** (BURST + 1);

  test.each([0, 1, 2])(
    "of a tenth each way, 25 nodes for 10 minutes: nobody is suspected, and the chance of it is below one in a million (run %i)",
    (run) => {
      const nodes = settled(25, fine, seed + run);
      nodes.wire = lossy(new Random(seed - run), 0.1);
      nodes.run(600_000);
      expect(nodes.verdicts).toEqual([]);
      expect(nodes.sizes).toEqual([]);
      const losses = [...nodes.detector(0).peers()].map(({ lost, answered }) => lost / (lost + answered));
      for (const loss of losses) expect(Math.abs(loss - 0.19)).toBeLessThan(0.08);
      const probes = Array.from({ length: 25 }, (_, node) => [...nodes.detector(node).peers()]).flat();
      const asked = probes.reduce((sum, { lost, answered }) => sum + lost + answered, 0);
      expect(chance(0.1) * asked).toBeLessThan(1e-6);
    },
  );

  test("so heavy that suspicions do come: as often as the sum says", () => {
    const share = 0.5;
    const nodes = settled(8);
    nodes.wire = lossy(new Random(seed + 1), share);
    nodes.run(600_000);
    let [suspected, bursts] = [0, 0];
    const last = Array.from({ length: 8 }, () => 0);
    for (const { node, suspected: now } of nodes.verdicts) {
      if (now.length > last[node]) suspected++;
      last[node] = now.length;
    }
    for (let node = 0; node < 8; node++) for (const { lost } of nodes.detector(node).peers()) bursts += lost;
    // Each lost probe begins at most one burst; how many do is not counted, so the bound is one-sided, and the other side is coarse.
    const expected = bursts * (chance(share) / (1 - (1 - share) ** 2));
    expect(suspected).toBeGreaterThan(0);
    expect(suspected).toBeLessThan(expected * 1.5 + 5);
  });
});

describe(`what comes from others (seed ${seed})`, () => {
  const request = { kind: "request", nonce: 7, incarnation: 1, about: null, reached: false, bytes: 112 } as const;

  test("strangers, replies to nothing, answers to nothing and questions about nobody are not acted on", () => {
    const nodes = settled(3);
    const detector = nodes.detector(0);
    const before = nodes.sent;
    const message = { ...request, from: idOf(1), to: idOf(0) };
    expect(detector.receive({ ...message, from: idOf(9) }, nodes.now)).toBe("stranger");
    expect(detector.receive({ ...message, kind: "reply" }, nodes.now)).toBe("unexpected");
    expect(detector.receive({ ...message, kind: "answer", about: idOf(2), reached: true }, nodes.now)).toBe("unexpected");
    expect(detector.receive({ ...message, kind: "ask", about: idOf(9) }, nodes.now)).toBe("unexpected");
    expect(detector.receive({ ...message, kind: "ask", about: idOf(1) }, nodes.now)).toBe("unexpected");
    expect(nodes.sent).toBe(before);
  });

  test("who is heard of for the first time is asked at once, but not for each word", () => {
    const nodes = new Nodes(2, new Random(), fine);
    const message = { ...request, from: idOf(1), to: idOf(0) };
    for (const [at, expected] of [
      [10_000, 2],
      [10_050, 3],
      [10_100, 5],
    ]) {
      expect(nodes.detector(0).receive(message, at)).toBeNull();
      expect(nodes.sent).toBe(expected);
    }
    nodes.run(5);
    expect(nodes.peer(0, 1).state).toBe("reachable");
  });

  test("requests are answered, so many a second from one peer, whatever others ask", () => {
    const nodes = settled(3);
    nodes.wire = () => null;
    const flood = (from: number) =>
      Array.from({ length: 1000 }, () => nodes.detector(0).receive({ ...request, from: idOf(from), to: idOf(0) }, nodes.now));
    const before = nodes.sent;
    const refused = flood(1).filter((why) => why === "limited").length;
    expect(nodes.sent - before).toBe(1000 - refused);
    expect(1000 - refused).toBeLessThanOrEqual(100);
    expect(flood(2)[0]).toBeNull();
    expect(nodes.sent - before).toBeLessThanOrEqual(200);
  });

  test("questions cost a burst each at most, so many a second", () => {
    const nodes = settled(4);
    const before = nodes.sent;
    const ask = { ...request, kind: "ask", from: idOf(1), to: idOf(0), about: idOf(2) } as const;
    const answers = Array.from({ length: 100 }, () => nodes.detector(0).receive(ask, nodes.now));
    expect(answers.filter((why) => why === null).length).toBe(8);
    nodes.run(50);
    expect(nodes.sent - before).toBeLessThan(40);
  });
});

describe(`the path's size (seed ${seed})`, () => {
  const narrow =
    (bytes: number, from = 0, to = 1): Wire =>
    (a, b, length) =>
      a === from && b === to && length > bytes ? null : 1;

  test.each([1449, 1350, 1230, 577, 576])("of %i bytes one way is found to the byte, by who sends that way", (bytes) => {
    const nodes = settled(3, narrow(bytes));
    nodes.run(20_000);
    expect(nodes.sizes.map(({ node, peer, bytes }) => [node, peer, bytes])).toEqual([[0, 1, bytes]]);
    expect([nodes.peer(0, 1).pathSize.known, nodes.peer(1, 0).pathSize.known]).toEqual([bytes, MTU]);
    expect(nodes.verdicts).toEqual([]);
  });

  test("is found within 40 s when it falls, again when it falls again, and 10 minutes later when it has risen", () => {
    const nodes = settled(2);
    nodes.wire = narrow(1300);
    expect(nodes.until(() => nodes.sizes.length === 1, 60_000)).toBeLessThan(40_000);
    nodes.wire = narrow(1200);
    expect(nodes.until(() => nodes.sizes.length === 2, 60_000)).toBeLessThan(40_000);
    nodes.wire = narrow(1400);
    expect(nodes.until(() => nodes.sizes.length === 3, 700_000)).toBeLessThan(620_000);
    nodes.wire = fine;
    expect(nodes.until(() => nodes.sizes.length === 4, 700_000)).toBeLessThan(620_000);
    expect(nodes.sizes.map(({ bytes }) => bytes)).toEqual([1300, 1200, 1400, MTU]);
  });

  test("is looked at anew when the peer comes back, or begins anew", () => {
    const nodes = settled(2, narrow(1300));
    nodes.run(20_000);
    nodes.wire = () => null;
    nodes.run(10_000);
    nodes.wire = fine;
    nodes.run(5000);
    expect(nodes.sizes.map(({ bytes }) => bytes)).toEqual([1300, MTU]);
    nodes.wire = narrow(1250);
    nodes.restarted(1);
    nodes.run(15_000);
    expect(nodes.sizes.map(({ bytes }) => bytes)).toEqual([1300, MTU, 1250]);
  });

  test("is not said to be small because the path is dead", () => {
    const nodes = settled(40);
    nodes.run(5000);
    nodes.wire = without(["any", 2], [2, "any"]);
    nodes.run(120_000);
    expect(nodes.sizes).toEqual([]);
  });
});
