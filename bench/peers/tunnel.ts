// What the peers that are a tunnel program on each host have in common: the program opens a TAP (or TUN) in its host, and the device moves into the
// container as its eth0, so that no bridge or veth stands between. The program keeps the file descriptor, whichever namespace the device is in.

import { attempt, ipBatch, run } from "../../lab/command.ts";
import type { Daemon } from "../../lab/daemon.ts";
import type { Container, Host } from "../../lab/topology.ts";
import { eventually } from "../../lab/wait.ts";
import type { Pair, Peer } from "./peer.ts";

/** What a program shall call its device in the host, before it moves. */
export const DEVICE = "ov0";
/** The programs are set up for an underlay of 1500, and more they would not use. */
const MTU_MAX = 1450;

/** One side of the tunnel. */
export interface End {
  host: Host;
  container: Container;
}

export interface Tunnel {
  name: string;
  description: string;
  /** The program that must be there, and the Debian package that has it. */
  program: string;
  package: string;
  /** Starts both programs; gives those that move frames. */
  start(ends: [End, End], pair: Pair): Promise<Daemon[]>;
  /** MTU of the containers, where 1450 does not fit. */
  mtu?: number;
  /** false: the tunnel carries IP packets, not frames. */
  ethernet?: boolean;
  /** The device's name, where it must be another on each host. */
  device?(host: Host): string;
}

/** Why a program cannot be run; null = it can. */
export async function lacking(program: string, debianPackage: string): Promise<string | null> {
  const { code } = await attempt(["sh", "-c", `command -v ${program}`]);
  return code === 0 ? null : `Debian package ${debianPackage} is not installed`;
}

export function tunnelPeer(tunnel: Tunnel): Peer {
  const { name, description } = tunnel;
  return {
    name,
    description,
    missing: () => lacking(tunnel.program, tunnel.package),
    setUp: async (pair) => {
      const ends = pair.hosts.map((host, index) => ({ host, container: pair.containers[index] })) as [End, End];
      const daemons = await tunnel.start(ends, pair);
      for (const end of ends) await moveIn(end, tunnel, Math.min(tunnel.mtu ?? MTU_MAX, pair.mtu));
      return { pids: daemons.map((daemon) => daemon.pid) };
    },
  };
}

async function moveIn({ host, container }: End, tunnel: Tunnel, mtu: number): Promise<void> {
  const device = tunnel.device?.(host) ?? DEVICE;
  const there = async () => (await attempt(["ip", "-n", host.netns, "link", "show", device])).code === 0;
  await eventually(`${device} in host ${host.name}`, there);
  await run(["ip", "-n", host.netns, "link", "set", device, "netns", container.netns, "name", "eth0"]);
  const mac = (tunnel.ethernet ?? true) ? `address ${container.mac}` : "";
  const addresses = container.cidrs.map((cidr) => `address add ${cidr} dev eth0${cidr.includes(":") ? " nodad" : ""}`);
  await ipBatch([`link set eth0 ${mac} mtu ${mtu}`, ...addresses, "link set eth0 up"], container.netns);
}
