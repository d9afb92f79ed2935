// Probes the other nodes through the data path, and answers theirs: the detector with a clock, a wire and the cluster's secret. What it sends is
// handed to a port of the network of probes (host/control/probe-port.ts), and so leaves by the workers as any other frame. In a thread of its own
// (thread.ts): probe-thread.ts is what the main thread has of it.

import { randomInt } from "node:crypto";
import { Bucket } from "../../model/bucket.ts";
import type { PeerResource } from "../../model/cluster/answers.ts";
import { probeMac } from "../../model/cluster/probe-mac.ts";
import type { Family } from "../../model/ip.ts";
import { overheadBytes } from "../../model/mtu.ts";
import type { PeerProbes, ProbesView } from "../../model/view.ts";
import { decodeProbe, encodeProbe, type Unreadable } from "./codec.ts";
import { Detector, type Ignored, TICK_MS } from "./detector.ts";
import { NONCES, type Outgoing, type ProbeMessage } from "./message.ts";
import type { Peer, ProbedPeer } from "./peer.ts";

/** Why a frame that came was not acted on; `misdirected`: it is for another node. */
type Refused = Unreadable | Ignored | "misdirected";

const MS_PER_SECOND = 1000;
/** Frames that are looked at, whoever sent them: many times what a large cluster has to say, and a fraction of what this thread can do. */
const FRAMES_PER_SECOND = 10_000;

export interface ProberOptions {
  /** The network of probes: frames from their Ethernet header on. */
  port: { send(frame: Uint8Array): void; onFrame(handler: (frame: Uint8Array) => void): void };
  /** This node. */
  nodeId: string;
  incarnation: number;
  /** Of the underlay. */
  family: Family;
  /** Inner IP MTU that the underlay here takes, in bytes. */
  mtu: number;
  /** The cluster's probe secret. */
  key: Uint8Array;
  /** The path to this VTEP carries outer packets of at most so many bytes, from now on. */
  onPathMtu: (vtep: string, outerBytes: number) => void;
}

export class Prober implements ProbesView {
  readonly #options: ProberOptions;
  readonly #mac: string;
  readonly #overhead: number;
  readonly #detector: Detector;
  readonly #refused = new Map<Refused, number>();
  readonly #frames = new Bucket(FRAMES_PER_SECOND, FRAMES_PER_SECOND);
  #handler: (suspected: Set<string>) => void = () => {};
  #reachedHandler = () => {};
  #timer: NodeJS.Timeout | undefined;

  /** Neither sends nor answers yet. */
  constructor(options: ProberOptions) {
    this.#options = options;
    this.#mac = probeMac(options.nodeId);
    this.#overhead = overheadBytes(options.family);
    this.#detector = new Detector({
      mtu: options.mtu,
      random: () => randomInt(NONCES - 1) / NONCES,
      send: (to, message) => this.#send(to, message),
      onChange: () => this.#handler(this.#detector.suspected()),
      onReached: () => this.#reachedHandler(),
      onPathSize: ({ vtep }, bytes) => options.onPathMtu(vtep, bytes + this.#overhead),
    });
    options.port.onFrame((frame) => this.#take(frame));
  }

  /** Every node but this one. May be called at any time, with any change. */
  setPeers(peers: readonly ProbedPeer[]): void {
    this.#detector.setPeers(peers);
  }

  /** Who is told of the VTEPs of all suspect peers, whenever those change. */
  onChange(handler: (suspected: Set<string>) => void): void {
    this.#handler = handler;
  }

  /** Who is told when a peer has answered for the first time. */
  onReached(handler: () => void): void {
    this.#reachedHandler = handler;
  }

  /** VTEPs of the suspect ones now. */
  suspected(): Set<string> {
    return this.#detector.suspected();
  }

  /** VTEPs of those that answer now. */
  reachable(): Set<string> {
    return this.#detector.reachable();
  }

  /** Its lease has ended: asks at once whether it still answers. */
  doubt(vtep: string): void {
    this.#detector.doubt(vtep);
  }

  /** Begins to send and to answer. */
  start(): void {
    this.#timer ??= setInterval(() => this.#detector.tick(performance.now()), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** As `peer.ls` gives them. A node whose lease has ended is `down`: who knows that says so. */
  peers(): PeerResource[] {
    return [...this.#detector.peers()].map((peer) => ({
      node: peer.is.nodeId,
      name: peer.is.name,
      vtep: peer.is.vtep,
      state: peer.state,
      cause: causeOf(peer),
      ...this.#figures(peer),
    }));
  }

  probes(): PeerProbes[] {
    return [...this.#detector.peers()].map((peer) => ({
      vtep: peer.is.vtep,
      suspect: peer.state === "suspect",
      answered: peer.answered,
      lost: peer.lost,
      forgotten: peer.forgotten,
      ...this.#figures(peer),
    }));
  }

  refused(): { reason: string; frames: number }[] {
    return [...this.#refused].map(([reason, frames]) => ({ reason, frames }));
  }

  #figures({ roundTripMs, loss, pathSize: { known } }: Peer): Pick<PeerProbes, "rttSeconds" | "loss" | "pathMtu"> {
    return {
      rttSeconds: roundTripMs === null ? null : roundTripMs / MS_PER_SECOND,
      loss,
      pathMtu: known === null ? null : known + this.#overhead,
    };
  }

  #send(to: ProbedPeer, outgoing: Outgoing): void {
    const { nodeId, incarnation, key, port } = this.#options;
    const message: ProbeMessage = { ...outgoing, from: nodeId, incarnation };
    port.send(encodeProbe(message, { to: to.mac, from: this.#mac }, key));
  }

  #take(frame: Uint8Array): void {
    if (this.#timer === undefined) return;
    const refused = this.#act(frame, performance.now());
    if (refused !== null) this.#refused.set(refused, (this.#refused.get(refused) ?? 0) + 1);
  }

  #act(frame: Uint8Array, now: number): Refused | null {
    if (!this.#frames.take(now)) return "limited";
    const message = decodeProbe(frame, this.#options.key);
    if (typeof message === "string") return message;
    return message.to === this.#options.nodeId ? this.#detector.receive(message, now) : "misdirected";
  }
}

/** That nobody else reaches it, or that others do; null while that is not known. */
function causeOf({ state, othersReach }: Peer): PeerResource["cause"] {
  if (state !== "suspect" || othersReach === null) return null;
  return othersReach ? "path" : "node";
}
