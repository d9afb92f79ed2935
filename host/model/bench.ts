// What `weft bench` is asked and what it answers: plain types. The command line fills in the requests and shows the results, host/measure
// measures; neither knows more of the other than this. Pure.

/** An address that a test goes to, and the network namespace that it is sent from. */
export interface BenchEnd {
  /** An IP address or a name. */
  address: string;
  /** Name under /run/netns, or path; null = where weft runs. */
  netns: string | null;
}

export interface BenchRequest {
  path: BenchEnd;
  /** Another way to the same machine, measured in the same rounds. */
  baseline: BenchEnd | null;
  port: number;
  rounds: number;
  /** Of each iperf3 test but those of the search, which take one second. */
  seconds: number;
  /** How many TCP streams, one test each; may be empty. */
  streams: readonly number[];
  /** Bytes of the UDP datagrams' payload, one group of tests each; may be empty. */
  udpBytes: readonly number[];
  /** What still counts as free of loss, in percent. */
  lossPercentMax: number;
  /** The other end sends. */
  reverse: boolean;
  /** Where this host's agent serves its metrics; `required`: asked for by name, so it has to answer. */
  metrics: { address: string; required: boolean } | null;
}

export interface ServeRequest {
  netns: string | null;
  /** Address to listen at; null = all. */
  bind: string | null;
  port: number;
}

export interface Measure {
  /** Such as "tcp4" or "udp64LossFree". */
  key: string;
  title: string;
  unit: string;
  better: "more" | "less";
  /** Decimals worth showing. */
  digits: number;
}

export interface Summary {
  median: number;
  min: number;
  max: number;
}

/** The machine that sends: what a reader needs to judge the figures. */
export interface BenchMachine {
  cpu: string;
  cpus: number;
  kernel: string;
  weft: string;
  /** Short hash of the working tree that weft runs from, "+" = with changes; null when it is none. */
  commit: string | null;
  iperf3: string;
  /** Load average of the last minute when it began. */
  load: number;
}

/** What one path looked like before the first round. */
export interface PathConditions {
  address: string;
  netns: string | null;
  /** The interface that the route to the address leaves by, its MTU, and its offloads that are on (null: no ethtool). */
  device: string;
  deviceMtu: number;
  offloads: string[] | null;
  /** The largest IP packet that arrived uncut; null when no ping was answered. */
  pathMtu: number | null;
  /** A larger packet disappeared and no ICMP message said so. */
  blackHole: boolean;
  /** Kernel and iperf3 of the other end, in its own words; null when it does not tell. */
  peer: { system: string; iperf3: string } | null;
}

/** Frames that this host's agent counted while one path was measured. */
export interface NetworkFrames {
  network: string;
  sent: number;
  delivered: number;
  /** Reason → frames, without those that stayed at 0. */
  dropped: Record<string, number>;
}

export interface AgentFrames {
  networks: NetworkFrames[];
  /** Frames from containers that the kernel dropped before weft read them, and datagrams from the underlay. */
  kernelDropped: { fromContainers: number; fromUnderlay: number };
}

export interface PathResults extends PathConditions {
  role: "path" | "baseline";
  /** By measure, one value a round; null where there was nothing to measure. */
  values: Record<string, (number | null)[]>;
  summary: Record<string, Summary | null>;
  /** Median of each round's ratio to the baseline; empty for the baseline itself, or without one. */
  ratio: Record<string, number | null>;
  /** null: no agent was asked. */
  frames: AgentFrames | null;
}

export interface BenchResults {
  started: string;
  /** Rounds that were completed, and that were asked for. */
  rounds: number;
  roundsAsked: number;
  seconds: number;
  lossPercentMax: number;
  reverse: boolean;
  machine: BenchMachine;
  /** Busy CPUs of this machine while nothing was measured, one value a round. */
  background: number[];
  agent: { version: string; node: string; backend: string } | null;
  measures: Measure[];
  /** The path, then the baseline if there is one. */
  paths: PathResults[];
}

/** Rounds that were completed before something went wrong are figures, too. */
export interface BenchOutcome {
  results: BenchResults;
  /** What ended it early: an error, or the reason of the signal that stopped it. */
  failure: unknown;
}

/** The measuring commands, as the command line calls them. `tell` writes for the person who waits. */
export interface Bench {
  /** Rejects with OperationError when it cannot begin. */
  measure(request: BenchRequest, tell: (text: string) => void, stop: AbortSignal): Promise<BenchOutcome>;
  /** Serves until it is stopped; `ready` is told once, when clients can come. Rejects with OperationError. */
  serve(request: ServeRequest, ready: (line: string) => void, tell: (text: string) => void, stop: AbortSignal): Promise<void>;
}

/** A machine in one line. */
export function machineLine({ cpus, cpu, kernel, weft, commit, iperf3, load }: BenchMachine): string {
  const tree = commit === null ? "" : ` (${commit})`;
  return `${cpus} × ${cpu}, Linux ${kernel}, weft ${weft}${tree}, iperf3 ${iperf3}, load ${load.toFixed(2)}`;
}
