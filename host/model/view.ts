// What the API and the metrics read of a running data plane; host/agent implements it. Every call is a fresh snapshot,
// made on the main thread: callers own what they get. Nothing here waits.

export interface DataPlaneView {
  node(): NodeView;
  networks(): NetworkView[];
  /** One row for each worker and network; `network` is "" and `vni` null for frames that belong to none. */
  counters(): CounterRow[];
  stats(): WorkerStats[];
  fdb(): FdbRow[];
  neighbors(): NeighborRow[];
  vteps(): VtepRow[];
  /** How many entries each network has, without reading them. */
  fdbSizes(): { network: string; vni: number; configured: number; learned: number }[];
  /** Addresses that were seen to change their place, since start. */
  fdbMoves(): { network: string; vni: number; moves: number }[];
  /** Learned addresses that found no room, since start. */
  fdbRefused(): { network: string; vni: number; refused: number }[];
  ports(): PortView[];
  /** What spares this host work per frame, and whether it is in use. */
  offloads(): OffloadView[];
  /** How the tables are kept what they should be. */
  control(): ControlView;
  /** Datagrams with a wrong UDP checksum that the kernel dropped in this network namespace, IPv4 and IPv6, since it began. */
  udpChecksumErrors(): number;
  /** Whether an interface of this host that is up has the VTEP address. */
  vtepPresent(): boolean;
}

/** What a member of a cluster knows of the others by probes. Fresh snapshots, as above. */
export interface ProbesView {
  probes(): PeerProbes[];
  /** Frames on the network of probes that were not acted on since start, by reason. */
  refused(): { reason: string; frames: number }[];
}

/** What a manager knows of addresses, subnets and VNIs. Fresh snapshots, as above; nothing while it has not heard of them. */
export interface PoolFiguresView {
  subnets(): readonly SubnetUse[];
  pools(): readonly PoolUse[];
  vnis(): { used: number; free: number } | null;
}

export interface SubnetUse {
  network: string;
  vni: number;
  subnet: string;
  /** Of endpoints. */
  used: number;
  /** Of endpoints that are gone: not given out again yet. */
  resting: number;
  /** To be had without asking for a certain one. */
  free: number;
}

export interface PoolUse {
  /** E.g. `10.0.0.0/8 by /24`. */
  pool: string;
  used: number;
  free: number;
}

export interface PeerProbes {
  /** Address. */
  vtep: string;
  suspect: boolean;
  /** Smoothed; null before the first answer. */
  rttSeconds: number | null;
  /** Share of the last 64 probes that were not answered, 0 to 1. */
  loss: number | null;
  /** Largest outer packet that came through, in bytes; null = not known yet. */
  pathMtu: number | null;
  /** Probes since start, those of the path's size left out. `forgotten`: this host slept meanwhile, and cannot say. */
  answered: number;
  lost: number;
  forgotten: number;
}

export interface NodeView {
  name: string;
  vtep: string;
  dataPort: number;
  backend: string;
}

export interface NetworkView {
  /** Of a cluster's; a file's has its name. */
  id: string;
  name: string;
  vni: number;
  /** Inner IP MTU in bytes. */
  mtu: number;
  ports: number;
  peers: number;
}

export interface CounterRow {
  network: string;
  vni: number | null;
  worker: number;
  /** COUNTERS long (assembly/abi/counter.ts). */
  values: BigUint64Array;
}

export interface WorkerStats {
  worker: number;
  /** 32 long; the index of S_X (assembly/abi/worker.ts) is S_X / 8. */
  values: BigUint64Array;
  /** Times that this worker's thread was replaced. */
  restarts: number;
}

export interface FdbRow {
  network: string;
  vni: number;
  mac: string;
  /** "netns/interface" of a local port, or null. */
  port: string | null;
  /** Address of a remote VTEP, or null. */
  vtep: string | null;
  state: "static" | "learned";
  /** Seconds since a frame from this address was seen; null for static entries. */
  ageSeconds: number | null;
}

export interface NeighborRow {
  network: string;
  vni: number;
  ip: string;
  mac: string;
}

export interface VtepRow {
  address: string;
  /** UDP port. */
  port: number;
  /** The largest inner IP packet that fits the path to it, in bytes. */
  mtu: number;
  networks: string[];
  /** How superframes go there: cut by the sending sockets, or injected whole. */
  superframes: "sockets" | "injected";
  /** Nothing is sent there for now: its node is dead or suspect (`vtep_suspended`). */
  suspended: boolean;
}

export interface OffloadView {
  offload: "tap_tso" | "tap_uso" | "udp_segment" | "udp_gro" | "tunnel_gso";
  active: boolean;
}

export interface PortView {
  network: string;
  vni: number;
  netns: string;
  interface: string;
  up: boolean;
  /** Frames that the kernel dropped at the TAP's transmit queue (its own counter). */
  txDropped: number;
}

export interface ControlView {
  /** Entries that the last reconcile found wrong for no known reason. */
  drift: number;
  /** What reconciles have changed since start. */
  corrections: number;
  /** What is wanted now and could not be done: entries, networks and ports. */
  failures: number;
  /** How long reconciles took. */
  reconciles: HistogramView;
  /** How long changes of the cluster's state took to reach the tables. */
  convergences: HistogramView;
}

export interface HistogramView {
  /** Upper bounds of the buckets, in seconds. */
  bounds: readonly number[];
  /** What fell into each, and above the last. */
  counts: readonly number[];
  /** Seconds. */
  sum: number;
}
