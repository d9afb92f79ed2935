// Who can be reached through the data path, and who cannot. Each peer is asked about once a second. When an answer fails to come, BURST probes
// follow within about a second, and two other nodes are asked whether they reach that peer. One answer is enough: it is reachable. None at all:
// it is suspect, and asked twice a second until it answers. What others say tells the cause and decides nothing.
//
//   unknown ──answer──► reachable ──BURST + 1 probes in a row without an answer──► suspect ──answer──► reachable
//
// Who does not run hears nothing, so silence counts only while this thread runs: a tick that is late (the process was stopped, the CPUs are taken)
// makes a burst begin again, and the last tick of one decides nothing before the silence has lasted EVIDENCE_MS of ticks that were not.
//
// A peer that has never answered is not suspected: should the probes themselves not work, traffic goes on. The probability of a suspicion
// without a cause, when each way loses q of all packets, is p^(BURST + 1) a probe with p = 1 − (1 − q)²: at q = 10 %, 5.5e-13.
//
// Pure: time, randomness and sending are passed in, and tick() is to be called every TICK_MS.

import { Bucket } from "../../model/bucket.ts";
import { OVERLAY_MTU_MIN } from "../../model/mtu.ts";
import { PROBE_BYTES_MIN } from "./codec.ts";
import { NONCES, type Outgoing, type ProbeMessage } from "./message.ts";
import { CHECK_MS } from "./path-size.ts";
import { type Burst, Peer, type ProbedPeer } from "./peer.ts";
import { Rota } from "./rota.ts";

/** The clock's step. */
export const TICK_MS = 50;
/** A tick later than that after the one before: this process slept, and replies wait unread. What was on its way is forgotten. */
export const LATE_MS = 150;
/** Probes that decide, one a tick. */
export const BURST = 16;
/** Silence that is enough, in time in which this thread ran: what is longer than a tick between two of them does not count. */
const EVIDENCE_MS = 1200;
/** So many of them unanswered, and others are asked. */
const ASK_AFTER = 4;
/** Others that are asked. */
const HELPERS = 2;
/** Who may wait for one burst. */
const ASKERS_MAX = 16;
/** A suspect peer is probed so often, all of them together at most so many times a second. */
const SUSPECT_MS = 500;
const SUSPECTS_PER_SECOND = 64;
const ASK_AGAIN_MS = 10_000;
/** One that is heard of while it is not reachable is probed at once, but for this. */
const HEARD_MS = 100;
/** What one peer may ask for: a burst, a search for the path's size and a question fit in. */
const REQUESTS_PER_SECOND = 50;
const REQUESTS_MAX = 100;
const QUESTIONS_PER_SECOND = 2;
const QUESTIONS_MAX = 8;
const SECOND_MS = 1000;

/** Why a message that was well made was not acted on. */
export type Ignored = "stranger" | "limited" | "unexpected";

export interface DetectorOptions {
  /** Inner IP MTU that the underlay here takes, in bytes. */
  mtu: number;
  /** 0 to 1, as Math.random. */
  random: () => number;
  send: (to: ProbedPeer, message: Outgoing) => void;
  /** Peers became suspect, or cease to be. */
  onChange: () => void;
  /** A peer answered for the first time. */
  onReached?: () => void;
  /** The path to this peer carries inner packets of at most so many bytes, from now on. */
  onPathSize: (peer: ProbedPeer, bytes: number) => void;
}

interface Limits {
  requests: Bucket;
  questions: Bucket;
}

export class Detector {
  readonly #options: DetectorOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #limits = new Map<string, Limits>();
  readonly #rota: Rota;
  #suspects = 0;
  #now = 0;
  #ticked: number | null = null;
  /** Time in which this thread ran, in ms. */
  #ran = 0;

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#rota = new Rota(options.random);
  }

  peers(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** VTEPs of the suspect ones. */
  suspected(): Set<string> {
    return new Set([...this.#peers.values()].filter(({ state }) => state === "suspect").map(({ is }) => is.vtep));
  }

  /** VTEPs of those that answer. */
  reachable(): Set<string> {
    return new Set([...this.#peers.values()].filter(({ state }) => state === "reachable").map(({ is }) => is.vtep));
  }

  /** Somebody says that it is gone: a burst shows whether it is. */
  doubt(vtep: string): void {
    for (const peer of this.#peers.values()) if (peer.is.vtep === vtep && peer.state === "reachable") peer.burst ??= newBurst();
  }

  /** Who is to be probed. One with another address than before begins anew. */
  setPeers(peers: readonly ProbedPeer[]): void {
    const ids = new Set(peers.map(({ nodeId }) => nodeId));
    const before = this.#suspects;
    for (const [id, peer] of this.#peers) if (!ids.has(id)) this.#remove(peer);
    for (const is of peers) {
      const known = this.#peers.get(is.nodeId);
      if (known?.is.vtep === is.vtep && known.is.mac === is.mac) {
        known.is.name = is.name;
        continue;
      }
      if (known) this.#remove(known);
      this.#peers.set(is.nodeId, new Peer({ ...is }, { least: OVERLAY_MTU_MIN, full: this.#options.mtu, firstAt: 0 }));
      const requests = new Bucket(REQUESTS_PER_SECOND, REQUESTS_MAX);
      this.#limits.set(is.nodeId, { requests, questions: new Bucket(QUESTIONS_PER_SECOND, QUESTIONS_MAX) });
    }
    this.#rota.set(ids);
    if (this.#suspects !== before) this.#options.onChange();
  }

  #remove(peer: Peer): void {
    if (peer.state === "suspect") this.#suspects--;
    // Whoever has this address next may have another path.
    if (peer.toldBytes !== this.#options.mtu) this.#options.onPathSize(peer.is, this.#options.mtu);
    this.#peers.delete(peer.is.nodeId);
    this.#limits.delete(peer.is.nodeId);
  }

  /** Sends what is due. `now`: ms of a clock that never goes back. */
  tick(now: number): void {
    const elapsed = now - (this.#ticked ?? now);
    const isLate = elapsed > LATE_MS;
    this.#ran += Math.min(elapsed, TICK_MS);
    this.#now = now;
    this.#ticked = now;
    for (const peer of this.#peers.values()) {
      if (isLate) this.#forget(peer);
      this.#expire(peer);
      if (peer.burst) this.#goOn(peer, peer.burst);
      else if (peer.state === "suspect") this.#probeSuspect(peer);
      else if (peer.state === "reachable") this.#probeSize(peer);
    }
    for (const id of this.#rota.due(now)) {
      const peer = this.#peers.get(id);
      if (peer && peer.state !== "suspect" && !peer.burst) this.#request(peer);
    }
  }

  /** A message of another node; answers why nothing was done about it, if so. */
  receive(message: ProbeMessage, now: number): Ignored | null {
    this.#now = Math.max(now, this.#now);
    const peer = this.#peers.get(message.from);
    const limits = this.#limits.get(message.from);
    if (!peer || !limits) return "stranger";
    this.#follow(peer, message.incarnation);
    switch (message.kind) {
      case "request":
        if (!limits.requests.take(this.#now)) return "limited";
        this.#say(peer, { kind: "reply", nonce: message.nonce });
        if (peer.state !== "reachable" && this.#now - peer.lastSentAt >= HEARD_MS) this.#request(peer);
        return null;
      case "reply":
        return this.#replied(peer, message.nonce);
      case "ask":
        return limits.questions.take(this.#now) ? this.#asked(peer, message) : "limited";
      case "answer":
        return this.#told(peer, message);
    }
  }

  /** The other end has begun anew, and with it what it can take may have changed. */
  #follow(peer: Peer, incarnation: number): void {
    if (peer.incarnation !== null && incarnation > peer.incarnation) peer.pathSize.restart(this.#soon());
    peer.incarnation = Math.max(incarnation, peer.incarnation ?? 0);
  }

  #forget(peer: Peer): void {
    peer.forget();
    if (!peer.burst) return;
    peer.burst.sent = 0;
    peer.burst.endAt = null;
  }

  #expire(peer: Peer): void {
    const { alarming, size } = peer.expire(this.#now);
    if (alarming && peer.state === "reachable") peer.burst ??= newBurst();
    if (size === null) return;
    if (peer.state !== "reachable" || peer.burst) {
      peer.pathSize.forget();
      return;
    }
    peer.pathSize.missed(size, this.#now, peer.loss ?? 0, this.#checkMs());
    this.#tellSize(peer);
    // Whether it was the size: a small one goes with the next.
    this.#request(peer);
  }

  #goOn(peer: Peer, burst: Burst): void {
    if (burst.sent < BURST) {
      this.#request(peer);
      burst.sent++;
      if (burst.sent === BURST) burst.endAt = this.#now + peer.timeoutMs;
      if (burst.sent === ASK_AFTER) this.#askOthers(peer);
    } else if (burst.endAt !== null && this.#now >= burst.endAt && this.#ran - (peer.silentFrom ?? this.#ran) >= EVIDENCE_MS) {
      this.#failed(peer);
    }
  }

  /** Nothing came back. */
  #failed(peer: Peer): void {
    this.#answerAskers(peer, false);
    peer.burst = null;
    peer.pathSize.restart(this.#now);
    if (peer.state !== "reachable") return;
    peer.state = "suspect";
    peer.nextProbeAt = this.#now;
    peer.nextAskAt = this.#now + ASK_AGAIN_MS;
    this.#suspects++;
    this.#options.onChange();
  }

  #probeSuspect(peer: Peer): void {
    if (this.#now >= peer.nextAskAt) {
      peer.nextAskAt = this.#now + ASK_AGAIN_MS;
      this.#askOthers(peer);
    }
    if (this.#now < peer.nextProbeAt) return;
    peer.nextProbeAt = this.#now + Math.max(SUSPECT_MS, (this.#suspects / SUSPECTS_PER_SECOND) * SECOND_MS);
    this.#request(peer);
  }

  #probeSize(peer: Peer): void {
    const size = peer.pathSize.due(this.#now);
    if (size !== null) this.#request(peer, size);
  }

  #request(peer: Peer, size: number | null = null): void {
    const nonce = this.#nonce();
    peer.sent(nonce, this.#now, size);
    peer.silentFrom ??= this.#ran;
    this.#say(peer, { kind: "request", nonce, bytes: size ?? PROBE_BYTES_MIN });
  }

  #replied(peer: Peer, nonce: number): Ignored | null {
    const size = peer.replied(nonce, this.#now);
    if (size === undefined) return "unexpected";
    this.#reached(peer);
    if (size !== null) {
      peer.pathSize.answered(size, this.#now, this.#checkMs());
      this.#tellSize(peer);
    }
    return null;
  }

  #reached(peer: Peer): void {
    this.#answerAskers(peer, true);
    peer.burst = null;
    if (peer.state === "reachable") return;
    const wasSuspect = peer.state === "suspect";
    peer.state = "reachable";
    peer.othersReach = null;
    peer.questions.clear();
    // It may be another path now.
    peer.pathSize.restart(this.#soon());
    if (!wasSuspect) {
      this.#options.onReached?.();
      return;
    }
    this.#suspects--;
    this.#options.onChange();
  }

  #tellSize(peer: Peer): void {
    const { known } = peer.pathSize;
    if (known === null || known === peer.toldBytes) return;
    peer.toldBytes = known;
    this.#options.onPathSize(peer.is, known);
  }

  #askOthers(about: Peer): void {
    const helpers = [...this.#peers.values()].filter((peer) => peer !== about && peer.state === "reachable" && !peer.burst);
    about.questions.clear();
    about.othersSaid = false;
    for (let i = 0; i < HELPERS && helpers.length > 0; i++) {
      const [helper] = helpers.splice(Math.floor(this.#options.random() * helpers.length), 1);
      const nonce = this.#nonce();
      about.questions.set(nonce, helper.is.nodeId);
      this.#say(helper, { kind: "ask", nonce, about: about.is.nodeId });
    }
  }

  #asked(asker: Peer, { about, nonce }: ProbeMessage): Ignored | null {
    const peer = this.#peers.get(about ?? "");
    if (!peer || peer === asker) return "unexpected";
    if (peer.state === "suspect") {
      this.#say(asker, { kind: "answer", nonce, about, reached: false });
      return null;
    }
    peer.burst ??= newBurst();
    if (peer.burst.askers.length >= ASKERS_MAX) return "limited";
    peer.burst.askers.push({ nodeId: asker.is.nodeId, nonce });
    return null;
  }

  #answerAskers(peer: Peer, reached: boolean): void {
    for (const { nodeId, nonce } of peer.burst?.askers ?? []) {
      const asker = this.#peers.get(nodeId);
      if (asker) this.#say(asker, { kind: "answer", nonce, about: peer.is.nodeId, reached });
    }
  }

  #told(helper: Peer, { about, nonce, reached }: ProbeMessage): Ignored | null {
    const peer = this.#peers.get(about ?? "");
    if (peer?.questions.get(nonce) !== helper.is.nodeId) return "unexpected";
    peer.questions.delete(nonce);
    peer.othersReach = reached || (peer.othersSaid && peer.othersReach === true);
    peer.othersSaid = true;
    return null;
  }

  #say(to: Peer, message: Partial<Outgoing> & Pick<Outgoing, "kind" | "nonce">): void {
    this.#options.send(to.is, { about: null, reached: false, bytes: PROBE_BYTES_MIN, to: to.is.nodeId, ...message });
  }

  #nonce(): number {
    return Math.floor(this.#options.random() * NONCES);
  }

  /** Not all at once. */
  #soon(): number {
    return this.#now + this.#options.random() * this.#rota.roundMs;
  }

  /** Full-size probes to many peers are no more than small ones. */
  #checkMs(): number {
    return Math.max(CHECK_MS, this.#rota.roundMs);
  }
}

function newBurst(): Burst {
  return { sent: 0, endAt: null, askers: [] };
}
