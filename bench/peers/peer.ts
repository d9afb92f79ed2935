// What the benchmark compares: an overlay that joins two containers, on two hosts or on one. One file an overlay; bench/peers/index.ts lists them.

import type { Lab } from "../../lab/lab.ts";
import type { Container, Host } from "../../lab/topology.ts";

/** Two hosts on one veth and two empty containers. Every peer has its own, so that all can stand while one is measured. */
export interface Pair {
  lab: Lab;
  hosts: [Host, Host];
  containers: [Container, Container];
  /** MTU of the overlay: the underlay's less 50. */
  mtu: number;
}

export interface Standing {
  /** Processes that move frames, or their parents (all their threads are pinned for the pinned round trip). Empty when the kernel does it. */
  pids: number[];
}

export interface Peer {
  name: string;
  /** One line for the report. */
  description: string;
  /** Why it cannot run on this machine; null = it can. */
  missing(): Promise<string | null>;
  /** Gives each container its eth0, one on each host. Everything that it makes goes with the lab. */
  setUp(pair: Pair): Promise<Standing>;
  /** The same with both containers on the first host, where that says something: a point-to-point tunnel has nothing to do there. */
  setUpSameHost?(pair: Pair): Promise<Standing>;
  /** What it is then, where that is another thing. */
  sameHostDescription?: string;
}
