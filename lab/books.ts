// The books of an agent: for each network, at rest, every frame that came is accounted for (assembly/abi/counter.ts):
//   received + generated + copies = delivered + sent + answered + dropped
// A superframe counts its segments. Network "" holds what could not be attributed to a network.

import { type Sample, total } from "./metrics.ts";

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
  const names = new Set(samples.flatMap(({ name, labels }) => (name === "weft_frames_received_total" ? [labels.network] : [])));
  const networks: Record<string, NetworkBooks> = {};
  for (const network of names) networks[network] = networkBooks(samples, network);
  return { networks };
}

function networkBooks(samples: readonly Sample[], network: string): NetworkBooks {
  const count = (name: string, labels: Record<string, string> = {}) => total(samples, name, { network, ...labels });
  const dropped: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    if (name === "weft_frames_dropped_total" && labels.network === network && value > 0) {
      dropped[labels.reason] = (dropped[labels.reason] ?? 0) + value;
    }
  }
  const received = {
    port: count("weft_frames_received_total", { direction: "egress" }),
    underlay: count("weft_frames_received_total", { direction: "ingress" }),
  };
  const [generated, copies] = [count("weft_frames_generated_total"), count("weft_frames_copied_total")];
  const [delivered, sent] = [count("weft_frames_delivered_total"), count("weft_frames_sent_total")];
  const answered = count("weft_frames_answered_total");
  const came = received.port + received.underlay + generated + copies;
  const went = delivered + sent + answered + Object.values(dropped).reduce((sum, value) => sum + value, 0);
  return { received, generated, copies, delivered, sent, answered, dropped, came, went, balanced: came === went };
}
