// The books of an agent: for each network, at rest, every frame that came is accounted for (assembly/abi/counter.ts):
//   received + generated + copies = delivered + sent + answered + dropped
// A superframe counts its segments. Network "" holds what could not be attributed to a network.

import { type Sample, total } from "./metrics.ts";
import type { Host } from "./topology.ts";
import { eventually } from "./wait.ts";

/** Readings are some 30 ms apart, and more on a machine that is busy: a worker that waits for its turn stands still as well. */
const AGREEING = 5;

interface Readable {
  host: Host;
  metrics(): Promise<Sample[]>;
}

export interface NetworkBooks {
  received: { port: number; underlay: number };
  generated: number;
  copies: number;
  delivered: number;
  sent: number;
  answered: number;
  /** Reason → frames; reasons without any are left out. */
  dropped: Record<string, number>;
  /** The left side and the right side of the identity. */
  came: number;
  went: number;
  balanced: boolean;
}

export interface Books {
  networks: Record<string, NetworkBooks>;
}

/** Reads the books from an agent's metrics. */
export function books(samples: readonly Sample[]): Books {
  const names = new Set(samples.flatMap(({ name, labels }) => (name === "weft_frames_total" ? [labels.network] : [])));
  const networks: Record<string, NetworkBooks> = {};
  for (const network of names) networks[network] = networkBooks(samples, network);
  return { networks };
}

function networkBooks(samples: readonly Sample[], network: string): NetworkBooks {
  const count = (what: string) => total(samples, `weft_${what}_frames_total`, { network });
  const frames = (direction: string) => total(samples, "weft_frames_total", { network, direction });
  const dropped: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    if (name !== "weft_dropped_frames_total" || labels.network !== network || value === 0) continue;
    dropped[labels.reason] = (dropped[labels.reason] ?? 0) + value;
  }
  const received = { port: frames("received_port"), underlay: frames("received_underlay") };
  const [generated, copies, answered] = [count("generated"), count("copied"), count("answered")];
  const [delivered, sent] = [frames("delivered"), frames("sent")];
  const came = received.port + received.underlay + generated + copies;
  const went = delivered + sent + answered + Object.values(dropped).reduce((sum, value) => sum + value, 0);
  return { received, generated, copies, delivered, sent, answered, dropped, came, went, balanced: came === went };
}

/** Reads an agent's books once so many readings agree: nothing is on its way any more. */
export async function settledBooks(agent: Readable): Promise<Books> {
  let last = "";
  let agreeing = 0;
  return eventually(`the counters of host ${agent.host.name} to stand still`, async () => {
    const now = books(await agent.metrics());
    const text = JSON.stringify(now);
    agreeing = text === last ? agreeing + 1 : 1;
    last = text;
    return agreeing >= AGREEING && now;
  });
}
