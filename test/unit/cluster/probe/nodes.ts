// Nodes that probe each other in virtual time, over a wire that a test describes: latency, loss, walls, sizes, sleep.

import { Detector, type Ignored, TICK_MS } from "../../../../host/cluster/probe/detector.ts";
import type { Outgoing, ProbeMessage } from "../../../../host/cluster/probe/message.ts";
import type { Peer, ProbedPeer } from "../../../../host/cluster/probe/peer.ts";
import { probeMac } from "../../../../host/model/cluster/probe-mac.ts";
import type { Random } from "../../../oracle/random.ts";

export const MTU = 1450;
const LOOK_MS = 20;

/** What a wire does with a packet of so many bytes: its delay in ms, or null: it is lost. */
export type Wire = (from: number, to: number, bytes: number) => number | null;

export function idOf(node: number): string {
  return String(node).padStart(25, "0");
}

export function peerOf(node: number): ProbedPeer {
  return { nodeId: idOf(node), name: `n${node}`, vtep: `192.0.2.${node}`, mac: probeMac(idOf(node)) };
}

interface Node {
  detector: Detector;
  /** Sleeps until then: it neither ticks nor reads. */
  asleepUntil: number;
  /** What came while it slept. */
  unread: ProbeMessage[];
  incarnation: number;
}

export class Nodes {
  now = 0;
  wire: Wire;
  /** Whom a node suspects, whenever that changes. */
  readonly verdicts: { at: number; node: number; suspected: number[] }[] = [];
  readonly sizes: { at: number; node: number; peer: number; bytes: number }[] = [];
  readonly ignored: { node: number; why: Ignored }[] = [];
  sent = 0;
  readonly #nodes: Node[];
  /** Messages by the millisecond in which they arrive. */
  readonly #arrivals = new Map<number, { to: number; message: ProbeMessage }[]>();

  constructor(count: number, random: Random, wire: Wire) {
    this.wire = wire;
    this.#nodes = Array.from({ length: count }, (_, node) => {
      const detector = new Detector({
        mtu: MTU,
        random: () => random.u32() / 2 ** 32,
        send: (to, message) => this.#send(node, Number(to.nodeId), message),
        onChange: () => {
          const suspected = [...detector.suspected()].map((vtep) => Number(vtep.split(".")[3]));
          this.verdicts.push({ at: this.now, node, suspected });
        },
        onPathSize: ({ nodeId }, bytes) => this.sizes.push({ at: this.now, node, peer: Number(nodeId), bytes }),
      });
      return { detector, asleepUntil: 0, unread: [], incarnation: 1 };
    });
    for (const [node, { detector }] of this.#nodes.entries()) {
      detector.setPeers(this.#nodes.flatMap((_, other) => (other === node ? [] : [peerOf(other)])));
    }
  }

  detector(node: number): Detector {
    return this.#nodes[node].detector;
  }

  /** What `node` knows of `other`. */
  peer(node: number, other: number): Peer {
    return [...this.detector(node).peers()].find(({ is }) => is.nodeId === idOf(other)) as Peer;
  }

  sleep(node: number, ms: number): void {
    this.#nodes[node].asleepUntil = this.now + ms;
  }

  /** Its agent has begun anew. */
  restarted(node: number): void {
    this.#nodes[node].incarnation++;
  }

  /** Lets time go by, in steps of 1 ms; each node ticks at a moment of its own. */
  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now++) {
      const arrived = this.#arrivals.get(this.now);
      this.#arrivals.delete(this.now);
      for (const { to, message } of arrived ?? []) this.#arrive(this.#nodes[to], to, message);
      for (let node = this.now % TICK_MS; node < this.#nodes.length; node += TICK_MS) this.#tick(node);
    }
  }

  /** Until `holds`, looked at every few ms, for at most `ms`; gives how long it took. */
  until(holds: () => boolean, ms: number): number {
    const began = this.now;
    while (!holds()) {
      if (this.now - began >= ms) throw new Error(`not within ${ms} ms`);
      this.run(LOOK_MS);
    }
    return this.now - began;
  }

  #tick(index: number): void {
    const node = this.#nodes[index];
    if (node.asleepUntil > this.now) return;
    // Timers come first, then what lies in the socket, as in Node's event loop.
    node.detector.tick(this.now);
    for (const message of node.unread.splice(0)) this.#read(node, index, message);
  }

  #arrive(node: Node, index: number, message: ProbeMessage): void {
    if (node.asleepUntil > this.now) node.unread.push(message);
    else this.#read(node, index, message);
  }

  #read(node: Node, index: number, message: ProbeMessage): void {
    const why = node.detector.receive(message, this.now);
    if (why !== null) this.ignored.push({ node: index, why });
  }

  #send(from: number, to: number, outgoing: Outgoing): void {
    this.sent++;
    const delay = this.wire(from, to, outgoing.bytes);
    if (delay === null) return;
    const at = this.now + Math.max(1, Math.round(delay));
    const message = { ...outgoing, from: idOf(from), incarnation: this.#nodes[from].incarnation };
    const there = this.#arrivals.get(at);
    if (there) there.push({ to, message });
    else this.#arrivals.set(at, [{ to, message }]);
  }
}
