// The values in the store, as JSON. A record may have fields that this version does not know: whoever rewrites one keeps them (rewrite()).
// Times are ISO 8601 by the clock of the manager that wrote them: for people and for the 24 hours of a dead node, never for order.

export type Role = "worker" | "manager";
/** `drain`: nothing new is put there. */
export type Availability = "active" | "drain";

export interface ClusterRecord {
  id: string;
  createdAt: string;
  /** UDP port of VXLAN on every node. */
  dataPort: number;
  /** Where networks without a subnet get theirs: each a /`size` of `base`. */
  pools: { base: string; size: number }[];
  /** Set by `weft restore` to the id that the backup was made of. */
  restoredFrom?: string;
}

export interface TokenRecord {
  /** The secret part, in base 36; the whole token is host/cluster/token.ts's. */
  secret: string;
  /** SHA-256 of those it had before (hex), the newest first: who comes with one is told so. */
  rotated?: string[];
}

export interface SecretRecord {
  /** 32 bytes, base64. */
  key: string;
}

export interface NodeRecord {
  id: string;
  name: string;
  role: Role;
  availability: Availability;
  /** Somebody has begun to remove it: it is drained, and what is freed of it is not put back. */
  removing?: boolean;
  /** Canonical address; unique. */
  vtep: string;
  /** HOST:PORT of a manager's front; null for a worker. */
  manager: string | null;
  joinedAt: string;
  /** When its liveness was last seen to end; null while it lives, as far as a manager knows. Its addresses are freed a long time after. */
  deadSince: string | null;
  /** SHA-256 of its public key (hex): who comes back with a token and the same key is the same node. */
  key?: string;
}

export interface AliveRecord {
  incarnation: number;
}

/** What a node says of itself, written when it changes. */
export interface ReportRecord {
  /** Of the agent that wrote it. */
  version: string;
  incarnation: number;
  /** MTU of the interface that has the VTEP address, in bytes. */
  underlayMtu: number;
  /** Destinations of the host's routes, as CIDR, with the device: no network may overlap one. Default routes are left out. */
  routes: { destination: string; device: string }[];
}

export interface SubnetRecord {
  /** Canonical CIDR, host bits zero. */
  subnet: string;
  /** Reserved; nobody answers there yet. */
  gateway: string;
  ipRange: string | null;
  /** Reserved addresses by the name that the user gave them. */
  auxAddresses: Record<string, string>;
}

export interface NetworkRecord {
  id: string;
  name: string;
  createdAt: string;
  vni: number;
  /** Inner IP MTU in bytes as the user asked; null = what each underlay allows (the smallest of the nodes'). */
  mtu: number | null;
  internal: boolean;
  attachable: boolean;
  ipv6: boolean;
  labels: Record<string, string>;
  /** As given. */
  options: Record<string, string>;
  /** At least one of IPv4; all share the VNI and are on-link for each other. */
  subnets: SubnetRecord[];
}

export interface EndpointRecord {
  id: string;
  network: string;
  node: string;
  /** Of the container; "" when it has none. */
  name: string;
  aliases: string[];
  mac: string;
  /** One CIDR a family, with the subnet's prefix length. */
  addresses: string[];
  /** Id of the container that it belongs to; null for a network namespace that somebody else made. */
  container: string | null;
  createdAt: string;
}

export interface AddressRecord {
  /** Endpoint; null while it rests. */
  endpoint: string | null;
  node: string | null;
  /** Who had it last, while it rests: the same endpoint, moving with its MAC address, may have it at once. */
  restingMac?: string;
  /** When the rest is over, for people: the key's lease ends it. */
  restingUntil?: string;
}

/** How long a freed address is given to nobody else. */
export const ADDRESS_REST_SECONDS = 60;
/** Liveness: a lease of this length, kept alive each second. */
export const ALIVE_TTL_SECONDS = 4;
export const ALIVE_KEEP_MS = 1000;
/** Addresses of a node that is dead so long are freed. */
export const DEAD_NODE_HOURS = 24;
/** For so long after a backup was put back nothing new is made: hosts come back, and say what they have. */
export const RESTORING_SECONDS = 20;
/** VNIs that are given out (Docker's first), and the one that probes have. */
export const VNI_FIRST = 4096;
export const PROBE_VNI = 16777215;

/** `json` with `changes` made, and everything else in it, known or not, kept. */
export function rewrite<Known extends object>(json: string, changes: Partial<Known>): string {
  return JSON.stringify({ ...JSON.parse(json), ...changes });
}
