// The static configuration as the agent uses it: every default filled in, every value checked (host/config does both).
// Plain data, no I/O; addresses are canonical text (host/model/ip.ts), MACs lower case with colons.

/** A whole `weft.yaml`. */
export interface StaticConfig {
  node: NodeConfig;
  /** Data-path threads. */
  workers: number;
  /** How frames are moved: `native` (koffi, superframes, batches) or `dgram` (node:dgram, one datagram a call). */
  backend: Backend;
  /** Whether superframes leave whole, through an underlay TAP, where the kernel and the path allow it. */
  injection: InjectionMode;
  /** Whether VXLAN over IPv6 may come with a zero outer UDP checksum. */
  zeroChecksum6: boolean;
  /** Each of several workers stays on a CPU of its own. */
  pinWorkers: boolean;
  /** How long at most a worker looks for work before it sleeps, in microseconds. */
  spin: number;
  /** Where /metrics is served; null = not at all. */
  metrics: { host: string; port: number } | null;
  /** Path of the API's unix socket. */
  socket: string;
  /** Entries that the FDB holds, all networks together. */
  fdbCapacity: number;
  networks: NetworkConfig[];
}

export type Backend = "native" | "dgram";

/** `auto`: unless the host filters what it sends, which injected packets would pass by; `on`: also then. */
export type InjectionMode = "auto" | "on" | "off";

export interface NodeConfig {
  name: string;
  /** Own address on the underlay. */
  vtep: string;
  /** UDP port of the underlay, the same on every VTEP (RFC 7348 section 5: 4789). */
  dataPort: number;
}

export interface NetworkConfig {
  name: string;
  vni: number;
  /** Inner IP MTU in bytes; null = the underlay's MTU less the overhead (50 for IPv4, 70 for IPv6). */
  mtu: number | null;
  learning: boolean;
  allowUnlistedSources: boolean;
  ignoreReservedBits: boolean;
  allowVlanTags: boolean;
  /** Its frames find out what paths carry: not held to suspension nor to path MTUs. The cluster's own network of probes; no file key. */
  probes?: boolean;
  tos: number | "inherit";
  ttl: number | "inherit";
  /** File key `ageing`. */
  ageingSeconds: number;
  /** VTEPs that get broadcast, unknown unicast and multicast. */
  peers: string[];
  fdb: FdbConfig[];
  neighbors: NeighborConfig[];
  ports: PortConfig[];
}

export interface FdbConfig {
  mac: string;
  vtep: string;
}

export interface NeighborConfig {
  ip: string;
  mac: string;
}

export interface PortConfig {
  /** A name under /run/netns or a path. */
  netns: string;
  interface: string;
  /** CIDR form; file key `address`, a string or a list. */
  addresses: string[];
  mac: string;
  /** Destinations that are on-link besides the addresses' own subnets, as CIDR: the network's other subnets. No file key. */
  routes?: string[];
}
