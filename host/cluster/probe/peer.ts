// What is known of one peer: round trips, losses, probes on their way. No decisions (detector.ts makes them), no clock, no I/O.

import { PathSize, type PathSizeOptions } from "./path-size.ts";

/** Probes that the loss ratio looks back on. */
export const LOSS_WINDOW = 64;
/** Bounds of the wait for a reply: the least that a busy host may take, and the most that a link may. */
export const TIMEOUT_MS_MIN = 200;
export const TIMEOUT_MS_MAX = 1000;
const TIMEOUT_ROUND_TRIPS = 4;
/** RFC 6298 section 2: weight of one more sample. */
const SMOOTHING = 1 / 8;
/** A reply later than this is none. */
const FORGET_MS = 3000;
/** Probes on their way to one peer. */
const OUTSTANDING_MAX = 64;

/** Another node, as the detector is told of it. */
export interface ProbedPeer {
  nodeId: string;
  name: string;
  /** Canonical address. */
  vtep: string;
  /** Its MAC address on the network of probes. */
  mac: string;
}

export type PeerState = "unknown" | "reachable" | "suspect";

/** A series of probes that decides, and who else waits for what it finds. */
export interface Burst {
  sent: number;
  /** When the last of them can have been answered; null before it is sent. */
  endAt: number | null;
  askers: { nodeId: string; nonce: number }[];
}

interface Probe {
  sentAt: number;
  deadline: number;
  missed: boolean;
  /** Of a probe of the path's size; null: a small one. */
  size: number | null;
}

export class Peer {
  readonly is: ProbedPeer;
  readonly pathSize: PathSize;
  state: PeerState = "unknown";
  /** Whether others reach it; null = nobody has said. */
  othersReach: boolean | null = null;
  /** That somebody has said so since others were last asked. */
  othersSaid = false;
  burst: Burst | null = null;
  /** Questions to other nodes about it, by nonce. */
  readonly questions = new Map<number, string>();
  /** When it is probed next while it is suspect, and when others are asked again. */
  nextProbeAt = 0;
  nextAskAt = 0;
  lastSentAt = Number.NEGATIVE_INFINITY;
  /** When the first probe since its last answer was sent, in time in which this thread ran; null: none since, or what became of it is not known. */
  silentFrom: number | null = null;
  incarnation: number | null = null;
  /** Size that the path was last said to carry. */
  toldBytes: number;
  answered = 0;
  lost = 0;
  /** Of which it is not known what became: this process slept. */
  forgotten = 0;
  /** Smoothed, in ms. */
  #roundTrip: number | null = null;
  /** When the latest probe was sent that was answered: that earlier ones were not says nothing any more. */
  #answeredSentAt = Number.NEGATIVE_INFINITY;
  readonly #outstanding = new Map<number, Probe>();
  /** 1 = lost; a ring of the last LOSS_WINDOW small probes. */
  readonly #window = new Uint8Array(LOSS_WINDOW);
  #windowed = 0;
  #lostInWindow = 0;

  constructor(is: ProbedPeer, sizes: PathSizeOptions) {
    this.is = is;
    this.pathSize = new PathSize(sizes);
    this.toldBytes = sizes.full;
  }

  get roundTripMs(): number | null {
    return this.#roundTrip;
  }

  /** 0 to 1; null before the first. */
  get loss(): number | null {
    return this.#windowed === 0 ? null : this.#lostInWindow / Math.min(this.#windowed, LOSS_WINDOW);
  }

  get timeoutMs(): number {
    if (this.#roundTrip === null) return TIMEOUT_MS_MAX;
    return Math.min(TIMEOUT_MS_MAX, Math.max(TIMEOUT_MS_MIN, TIMEOUT_ROUND_TRIPS * this.#roundTrip));
  }

  /** A probe is being sent. */
  sent(nonce: number, now: number, size: number | null): void {
    if (this.#outstanding.size >= OUTSTANDING_MAX) this.#outstanding.delete(this.#outstanding.keys().next().value as number);
    this.#outstanding.set(nonce, { sentAt: now, deadline: now + this.timeoutMs, missed: false, size });
    if (size === null) this.lastSentAt = now;
  }

  /** A reply: the size that it was to, null for a small probe; undefined when no such probe is on its way. */
  replied(nonce: number, now: number): number | null | undefined {
    const probe = this.#outstanding.get(nonce);
    if (!probe) return undefined;
    this.#outstanding.delete(nonce);
    this.silentFrom = null;
    this.#answeredSentAt = Math.max(this.#answeredSentAt, probe.sentAt);
    if (probe.size !== null) return probe.size;
    const sample = now - probe.sentAt;
    this.#roundTrip = this.#roundTrip === null ? sample : this.#roundTrip + SMOOTHING * (sample - this.#roundTrip);
    // One that was late has been counted as lost.
    if (!probe.missed) {
      this.answered++;
      this.#remember(0);
    }
    return null;
  }

  /** Takes note of probes whose time is up: whether a small one among them is a reason to look closer, and the size of the one that was not small. */
  expire(now: number): { alarming: boolean; size: number | null } {
    const missed = { alarming: false, size: null as number | null };
    for (const [nonce, probe] of this.#outstanding) {
      if (!probe.missed && now >= probe.deadline) {
        probe.missed = true;
        if (probe.size !== null) missed.size = probe.size;
        else {
          missed.alarming ||= probe.sentAt > this.#answeredSentAt;
          this.lost++;
          this.#remember(1);
        }
      }
      if (now - probe.sentAt >= FORGET_MS) this.#outstanding.delete(nonce);
    }
    return missed;
  }

  /** Replies may have come and be gone: what is on its way says nothing. */
  forget(): void {
    for (const { missed, size } of this.#outstanding.values()) if (!missed && size === null) this.forgotten++;
    this.#outstanding.clear();
    this.silentFrom = null;
    this.pathSize.forget();
  }

  #remember(lost: 0 | 1): void {
    const at = this.#windowed % LOSS_WINDOW;
    this.#lostInWindow += lost - this.#window[at];
    this.#window[at] = lost;
    this.#windowed++;
  }
}
