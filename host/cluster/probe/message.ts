// What nodes say to each other on the network of probes. codec.ts has the bytes.

/**
 * `request`: answer me; `reply`: to that. `ask`: do you reach that other node? `answer`: to that, after the asked one has tried.
 */
export type ProbeKind = "request" | "reply" | "ask" | "answer";

export interface ProbeMessage {
  kind: ProbeKind;
  /** Random, below 2^48: a reply or an answer repeats that of what it belongs to. */
  nonce: number;
  /** Node that it comes from, with its incarnation, and node that it is for. */
  from: string;
  incarnation: number;
  to: string;
  /** Node asked about; null in requests and replies. */
  about: string | null;
  /** Answers only: whether `about` was reached. */
  reached: boolean;
  /** Of the packet behind the Ethernet header: what is being asked is whether so many go through. */
  bytes: number;
}

/** A message that its sender has yet to sign. */
export type Outgoing = Omit<ProbeMessage, "from" | "incarnation">;

/** Nonces are below this. */
export const NONCES = 2 ** 48;
