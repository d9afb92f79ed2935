// The load: everything at once, in rounds, so that connections, processes and a container come and go as well.

import { attempt, run } from "../../lab/command.ts";
import { checksumErrors } from "../../lab/snmp.ts";
import { iperf } from "../../lab/traffic/iperf.ts";
import { ping } from "../../lab/traffic/ping.ts";
import { reachable, type World } from "./world.ts";

const ROUND_SECONDS = 20;
const STREAMS = 4;
const UDP_BYTES = 64;
const BROADCAST = "10.0.0.255";
const GUEST_PINGS = 50;

/** How often each kind of traffic ran, and how often it could not (a client that cannot reach its server through its own flood, say). */
export interface Tally {
  done: number;
  failed: number;
  lastFailure: string | null;
}

interface Kind {
  name: string;
  /** One round of at most `seconds`. */
  round(world: World, seconds: number): Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  {
    name: `TCP, ${STREAMS} streams`,
    round: ({ lab, load: [from, to] }, seconds) =>
      iperf(lab, { from: from.netns, to: to.netns, address: to.ip4, seconds, streams: STREAMS }),
  },
  {
    name: `UDP ${UDP_BYTES} B, flooded, the other way`,
    round: ({ lab, load: [to, from] }, seconds) =>
      iperf(lab, { from: from.netns, to: to.netns, address: to.ip4, seconds, udpBytes: UDP_BYTES }),
  },
  {
    name: "ICMP",
    round: ({ mixed: [from, to] }, seconds) =>
      run(["ping", "-q", "-n", "-i", "0.002", "-s", "1000", "-w", `${seconds}`, to.ip4], { netns: from.netns }),
  },
  {
    name: "broadcast",
    // Nobody answers: ping's exit code says so.
    round: ({ mixed: [, from] }, seconds) =>
      attempt(["ping", "-q", "-n", "-b", "-i", "0.005", "-w", `${seconds}`, BROADCAST], { netns: from.netns }),
  },
  {
    name: "ARP",
    round: async ({ mixed: [from, to] }) => {
      await run(["ip", "neigh", "flush", "all"], { netns: from.netns });
      const { received } = await ping(from.netns, to.ip4, { count: 3, intervalSeconds: 0.05, waitSeconds: 2 });
      if (received === 0) throw new Error("no answer after a new ARP request");
    },
  },
  { name: "a container that comes and goes", round: comeAndGo },
];

/** The guest appears, is reached, and is removed. Rejects when its stack saw a wrong checksum: its counters go with it. */
async function comeAndGo({ lab, guest, mixed: [, other] }: World): Promise<void> {
  await reachable(other, guest);
  await ping(guest.netns, other.ip4, { count: GUEST_PINGS, intervalSeconds: 0.01 });
  const errors = await checksumErrors(guest.netns);
  if (errors > 0) throw new WrongChecksums(errors);
  await lab.removeNamespace(guest.netns);
  await lab.namespace(guest.name);
}

class WrongChecksums extends Error {
  constructor(count: number) {
    super(`${count} packets reached the container that comes and goes with a wrong checksum`);
  }
}

/** Runs every kind of traffic for so many seconds. Rejects when a wrong checksum was seen. */
export async function runTraffic(world: World, seconds: number): Promise<Record<string, Tally>> {
  const end = performance.now() + seconds * 1000;
  const tallies = KINDS.map(() => ({ done: 0, failed: 0, lastFailure: null as string | null }));
  await Promise.all(
    KINDS.map(async ({ round }, i) => {
      for (;;) {
        const left = Math.floor((end - performance.now()) / 1000);
        if (left < 1) return;
        try {
          await round(world, Math.min(ROUND_SECONDS, left));
          tallies[i].done++;
        } catch (error) {
          if (error instanceof WrongChecksums) throw error;
          tallies[i].failed++;
          tallies[i].lastFailure = error instanceof Error ? error.message : String(error);
        }
      }
    }),
  );
  return Object.fromEntries(KINDS.map(({ name }, i) => [name, tallies[i]]));
}
