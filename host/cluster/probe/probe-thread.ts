// The main thread's end of the thread that probes (thread.ts): what the overlay, `peer.ls` and the metrics ask of a prober, answered from what the thread
// told last. The main thread may be busy for seconds, with a snapshot or a large network: peers still get their answers, and none is suspected for it.
//
// A thread that dies is started again, after longer pauses the more often it does. What it knew goes with it: meanwhile nobody is suspect, since nobody
// asks.

import { Worker } from "node:worker_threads";
import type { PeerResource } from "../../model/cluster/answers.ts";
import { messageOf } from "../../model/errors.ts";
import { overheadBytes } from "../../model/mtu.ts";
import { threadEnvironment } from "../../model/thread-environment.ts";
import type { PeerProbes, ProbesView } from "../../model/view.ts";
import { Courier, type Taken } from "./courier.ts";
import type { ProbedPeer } from "./peer.ts";
import type { Figures, News, Orders, ProbeThreadData } from "./thread.ts";

/** Pauses before it is started again: each twice the one before, until one has lived so long. */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 10_000;
const LIVED_MS = 60_000;
/** A peer is some 2 KiB there. The rest of the process has larger heaps by its own flags. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 };
const NOTHING: News = { suspected: new Set(), reachable: new Set(), pathMtus: new Map(), figures: { peers: [], probes: [], refused: [] } };

export interface ProbeThreadOptions extends ProbeThreadData {
  /** The path to this VTEP carries outer packets of at most so many bytes, from now on. */
  onPathMtu: (vtep: string, outerBytes: number) => void;
  /** It ended by itself, and is started again after so long. */
  onDeath: (why: string, pauseMs: number) => void;
}

export class ProbeThread implements ProbesView {
  readonly #options: ProbeThreadOptions;
  #worker: Worker | null = null;
  #courier: Courier<Orders> | null = null;
  #told = NOTHING;
  #figures = NOTHING.figures as Figures;
  #peers: readonly ProbedPeer[] = [];
  #orders: Orders = { start: false, peers: null, doubts: [] };
  readonly #fullBytes: number;
  /** VTEPs to which the path is known to be narrower than the underlay here. */
  readonly #narrow = new Set<string>();
  #isStarted = false;
  #isStopped = false;
  #pauseMs = PAUSE_MS_MIN;
  #pause: NodeJS.Timeout | undefined;
  #handler: (suspected: Set<string>) => void = () => {};
  #reachedHandler = () => {};

  /** Neither sends nor answers yet. */
  constructor(options: ProbeThreadOptions) {
    this.#options = options;
    this.#fullBytes = options.mtu + overheadBytes(options.family);
    this.#begin();
  }

  /** Every node but this one. May be called at any time, with any change. */
  setPeers(peers: readonly ProbedPeer[]): void {
    if (isSame(peers, this.#peers)) return;
    this.#peers = peers;
    this.#orders.peers = peers;
    this.#courier?.due();
  }

  /** Who is told of the VTEPs of all suspect peers, whenever those change. */
  onChange(handler: (suspected: Set<string>) => void): void {
    this.#handler = handler;
  }

  /** Who is told when a peer has answered for the first time. */
  onReached(handler: () => void): void {
    this.#reachedHandler = handler;
  }

  /** VTEPs of those that answer now. */
  reachable(): Set<string> {
    return this.#told.reachable;
  }

  /** Its lease has ended: asks at once whether it still answers. */
  doubt(vtep: string): void {
    this.#orders.doubts.push(vtep);
    this.#courier?.due();
  }

  /** Begins to send and to answer. */
  start(): void {
    this.#isStarted = true;
    this.#orders.start = true;
    this.#courier?.due();
  }

  /** Nobody is told of anything any more. Resolves when the thread has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#pause);
    await this.#worker?.terminate();
  }

  /** As `peer.ls` gives them. A node whose lease has ended is `down`: who knows that says so. */
  peers(): PeerResource[] {
    return this.#figures.peers;
  }

  probes(): PeerProbes[] {
    return this.#figures.probes;
  }

  refused(): { reason: string; frames: number }[] {
    return this.#figures.refused;
  }

  #begin(): void {
    const { onPathMtu: _, onDeath: __, ...workerData } = this.#options;
    const began = performance.now();
    let why = "its thread ended";
    // The process's own flags may fit only its main program (--input-type, --inspect-brk).
    const options = { workerData, execArgv: [], env: threadEnvironment(), name: "weft probes", resourceLimits: RESOURCE_LIMITS };
    const worker = new Worker(new URL("./thread.ts", import.meta.url), options);
    worker.unref();
    worker.on("message", (message: News | Taken) => this.#hear(message));
    worker.on("error", (error) => {
      why = messageOf(error);
    });
    worker.on("exit", () => this.#ended(why, performance.now() - began));
    this.#worker = worker;
    this.#orders = { start: this.#isStarted, peers: this.#peers, doubts: [] };
    this.#courier = new Courier<Orders>(
      (orders) => worker.postMessage(orders),
      () => {
        const orders = this.#orders;
        this.#orders = { start: false, peers: null, doubts: [] };
        return orders;
      },
    );
    this.#courier.due();
  }

  /** There may be no room for a thread. */
  #again(): void {
    try {
      this.#begin();
    } catch (error) {
      this.#ended(messageOf(error), 0);
    }
  }

  #hear(message: News | Taken): void {
    if (this.#isStopped) return;
    if ("taken" in message) {
      this.#courier?.taken();
      return;
    }
    this.#worker?.postMessage({ taken: true } satisfies Taken);
    this.#know(message);
  }

  #know(news: News): void {
    const before = this.#told;
    this.#told = news;
    if (news.figures) this.#figures = news.figures;
    for (const [vtep, outerBytes] of news.pathMtus) this.#limit(vtep, outerBytes);
    if (news.suspected.symmetricDifference(before.suspected).size > 0) this.#handler(news.suspected);
    if (!news.reachable.isSubsetOf(before.reachable)) this.#reachedHandler();
  }

  #limit(vtep: string, outerBytes: number): void {
    if (outerBytes < this.#fullBytes) this.#narrow.add(vtep);
    else this.#narrow.delete(vtep);
    this.#options.onPathMtu(vtep, outerBytes);
  }

  #ended(why: string, livedMs: number): void {
    this.#worker = null;
    this.#courier = null;
    if (this.#isStopped) return;
    const pauseMs = livedMs > LIVED_MS ? PAUSE_MS_MIN : this.#pauseMs;
    this.#pauseMs = Math.min(PAUSE_MS_MAX, 2 * pauseMs);
    this.#options.onDeath(why, pauseMs);
    this.#know(NOTHING);
    // The next one says so when it is not the underlay's here, and nothing when it is.
    for (const vtep of this.#narrow) this.#limit(vtep, this.#fullBytes);
    this.#pause = setTimeout(() => this.#again(), pauseMs).unref();
  }
}

function isSame(some: readonly ProbedPeer[], others: readonly ProbedPeer[]): boolean {
  return some.length === others.length && some.every((one, i) => isSamePeer(one, others[i]));
}

function isSamePeer(one: ProbedPeer, other: ProbedPeer): boolean {
  return one.nodeId === other.nodeId && one.name === other.name && one.vtep === other.vtep && one.mac === other.mac;
}
