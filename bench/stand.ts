// Makes an overlay stand: two hosts on one wire, two containers, the peer between them, and a ping that has gone through.

import { Lab } from "../lab/lab.ts";
import { container, type Host, underlay } from "../lab/topology.ts";
import { ping } from "../lab/traffic/ping.ts";
import { eventually } from "../lab/wait.ts";
import { offloads } from "./machine.ts";
import type { Pair, Peer, Standing } from "./peers/peer.ts";
import type { Suite } from "./suites/suite.ts";
import { frameMax, largestFrame, setWire, type Wire } from "./wires.ts";

/** Ethernet, IPv4, UDP and VXLAN headers. */
const OVERHEAD_BYTES = 14 + 20 + 8 + 8;
const FIRST_PING_MS = 30_000;

export interface Stood {
  peer: Peer;
  pair: Pair;
  standing: Standing;
  offloads: string[];
  largestFrame: number | null;
}

/** Everything that is made goes with the lab, which the caller closes. `wire` null: both containers on the first host. */
export async function stand(peer: Peer, lab: Lab, wire: Wire | null, mtu: number): Promise<Stood> {
  const hosts = (await underlay(lab, ["a", "b"], { mtu })) as [Host, Host];
  if (wire !== null) await setWire(hosts, wire);
  const containers: Pair["containers"] = [await container(lab, "from", 1), await container(lab, "to", 2)];
  const pair: Pair = { lab, hosts, containers, mtu: mtu - OVERHEAD_BYTES };
  const standing = await (wire === null ? peer.setUpSameHost! : peer.setUp)(pair);
  const [from, to] = containers;
  const once = async () => (await ping(from.netns, to.ip4, { count: 1, waitSeconds: 1 })).received === 1;
  await eventually(`a ping through ${peer.name}`, once, FIRST_PING_MS);
  return { peer, pair, standing, offloads: await offloads(hosts[0]), largestFrame: wire === null ? null : await largestFrame(pair) };
}

/** Why a peer's wire is not what it is called; null = it is. */
export function wireComplaint(stood: Stood, wire: Wire | null, mtu: number): string | null {
  if (wire === null || stood.largestFrame === null || wire.features.tso !== "off") return null;
  return stood.largestFrame <= frameMax(mtu)
    ? null
    : `${stood.peer.name}: frames of ${stood.largestFrame} bytes crossed the wire ${wire.name}`;
}

export interface AllStood {
  stood: Stood[];
  /** Those that would not stand, and why. */
  failed: { peer: Peer; error: unknown }[];
  close(): Promise<void>;
}

/** The peers that can run a suite, all standing side by side. */
export async function standAll(peers: readonly Peer[], suite: Suite, wire: Wire | null, mtu: number): Promise<AllStood> {
  const labs: Lab[] = [];
  const all: AllStood = {
    stood: [],
    failed: [],
    close: async () => {
      for (const lab of labs.toReversed()) await lab.close();
    },
  };
  for (const peer of peers) {
    if (suite.topology === "one host" && !peer.setUpSameHost) continue;
    const lab = await Lab.open();
    try {
      all.stood.push(await stand(peer, lab, wire, mtu));
      labs.push(lab);
    } catch (error) {
      await lab.close();
      all.failed.push({ peer, error });
    }
  }
  return all;
}
