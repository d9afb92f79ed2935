// The thread behind host/cluster/probe/probe-thread.ts: one prober on the wire. Nothing else runs here, so that probes are sent, answered and judged in
// time whatever the main thread does.

import { flushCompileCache } from "node:module";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { PeerResource } from "../../model/cluster/answers.ts";
import type { PeerProbes } from "../../model/view.ts";
import { Courier, type Taken } from "./courier.ts";
import type { ProbedPeer } from "./peer.ts";
import { Prober, type ProberOptions } from "./prober.ts";
import { openWire } from "./wire.ts";

export interface ProbeThreadData extends Omit<ProberOptions, "port" | "onPathMtu"> {
  /** The network of probes: descriptor of its port. */
  hostFd: number;
}

/** What the main thread has changed. */
export interface Orders {
  start: boolean;
  /** All, if they are others than before. */
  peers: readonly ProbedPeer[] | null;
  /** VTEPs of peers whose lease has ended. */
  doubts: string[];
}

/** What has changed here. */
export interface News {
  /** VTEPs of all that are. */
  suspected: Set<string>;
  reachable: Set<string>;
  /** VTEP → largest outer packet in bytes, of those for which another was found. */
  pathMtus: Map<string, number>;
  /** About once a second, and with each suspicion. */
  figures: Figures | null;
}

export interface Figures {
  peers: PeerResource[];
  probes: PeerProbes[];
  refused: { reason: string; frames: number }[];
}

const FIGURES_MS = 1000;

async function run(port: MessagePort, { hostFd, ...options }: ProbeThreadData): Promise<void> {
  const wire = await openWire(hostFd);
  let pathMtus: News["pathMtus"] = new Map();
  let withFigures = false;
  const prober = new Prober({
    ...options,
    port: wire,
    onPathMtu: (vtep, outerBytes) => {
      pathMtus.set(vtep, outerBytes);
      courier.due();
    },
  });
  const courier = new Courier<News>(
    (news) => port.postMessage(news),
    () => {
      const figures = withFigures ? { peers: prober.peers(), probes: prober.probes(), refused: prober.refused() } : null;
      const news = { suspected: prober.suspected(), reachable: prober.reachable(), pathMtus, figures };
      pathMtus = new Map();
      withFigures = false;
      return news;
    },
  );
  const tellAll = () => {
    withFigures = true;
    courier.due();
  };
  prober.onChange(tellAll);
  prober.onReached(() => courier.due());
  setInterval(tellAll, FIGURES_MS);
  port.on("message", (message: Orders | Taken) => {
    if ("taken" in message) return courier.taken();
    port.postMessage({ taken: true } satisfies Taken);
    const { start, peers, doubts } = message;
    if (peers) prober.setPeers(peers);
    for (const vtep of doubts) prober.doubt(vtep);
    if (start) prober.start();
    tellAll();
  });
}

if (parentPort) await run(parentPort, workerData as ProbeThreadData);
flushCompileCache();
