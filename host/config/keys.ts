// Every key of weft.yaml, declared once: what it may be, its default, its unit and the sentence that docs/config.md says about
// it. host/config/read.ts checks files by this table, host/config/describe.ts prints it. Checks that look at more than one key
// are in host/config/rules.ts.

import type { Backend, InjectionMode } from "../model/config.ts";
import { NETWORK_PEERS_LIMIT, NETWORK_PORTS_LIMIT, NETWORKS_LIMIT, WORKERS_LIMIT } from "../model/limits.ts";
import { OVERLAY_MTU_MAX, OVERLAY_MTU_MIN } from "../model/mtu.ts";
import { VNI_MAX, vni } from "../model/vni.ts";
import { DEFAULT_WORKERS_TEXT, defaultWorkers } from "../model/workers.ts";
import { type Key, mapOf, optional, required } from "./key.ts";
import * as kind from "./kinds.ts";

/** Two tables of 16 B at half load: 512 MiB of the 2 GiB that shared memory may have. */
export const FDB_CAPACITY_MAX = 8388608;
export const FDB_CAPACITY_MIN = 256;
export const SPIN_MICROSECONDS_MAX = 1000;
/** Addresses of one port. */
export const ADDRESSES_LIMIT = 64;
/** IEEE 802.1D-2004 table 7-5. */
export const AGEING_SECONDS_MIN = 10;
export const AGEING_SECONDS_MAX = 1000000;

/** RFC 3168 section 5: the two lowest bits of the TOS byte. */
const ECN_BITS = 3;

export const NODE_KEYS = {
  name: required(kind.name, "Name of this host, for people."),
  vtep: required(kind.ip, "Own address on the underlay: the outer source of what is sent, and where the data port is opened."),
  dataPort: optional(kind.integer(1, 65535), 4789, "UDP port of VXLAN, here and at every peer (RFC 7348 section 5)."),
};

export const FDB_KEYS = {
  mac: required(kind.mac, "MAC address of a remote container."),
  vtep: required(kind.ip, "VTEP that it is behind. Static entries are never aged and never moved by a frame."),
};

export const NEIGHBOR_KEYS = {
  ip: required(kind.ip, "IPv4 or IPv6 address of a container."),
  mac: required(kind.mac, "Its MAC address. ARP requests and neighbour solicitations for `ip` are then answered on this host."),
};

export const PORT_KEYS = {
  netns: required(kind.netns, "Network namespace of the container. It must exist."),
  interface: required(kind.interfaceName, "Name of the interface that the agent makes in it."),
  address: required(kind.oneOrMany(kind.cidr, ADDRESSES_LIMIT), "Addresses of the interface, e.g. `10.0.0.1/24`; `[]` for none."),
  mac: required(kind.mac, "MAC address of the interface, different from every other in the network."),
};

export const NETWORK_KEYS = {
  name: required(kind.name, "Name of the network, for people and as a label of metrics."),
  vni: required(
    kind.number(`whole number 0..${VNI_MAX}`, vni),
    "VXLAN Network Identifier: networks on two hosts are one if this number is.",
  ),
  mtu: optional(
    kind.integer(OVERLAY_MTU_MIN, OVERLAY_MTU_MAX) as kind.Kind<number | null>,
    null,
    "Largest IP packet of a container. Encapsulation adds 50 bytes over IPv4 and 70 over IPv6. At least 1280 where a port has an IPv6 address.",
    { unit: "bytes", printed: "underlay MTU − 50 (IPv4) or − 70 (IPv6)" },
  ),
  learning: optional(kind.flag(), true, "Learn where MAC addresses are from the frames that come in."),
  allowUnlistedSources: optional(
    kind.flag(),
    false,
    "Accept VXLAN from addresses that are not peers. VXLAN authenticates nobody (RFC 7348 section 7): by default such frames are dropped as `vxlan_unlisted_source`.",
  ),
  ignoreReservedBits: optional(
    kind.flag(),
    false,
    "Accept VXLAN headers with reserved bits set, as RFC 7348 section 5 asks; by default they are dropped as `vxlan_reserved_bits`.",
  ),
  allowVlanTags: optional(
    kind.flag(),
    false,
    "Carry frames with a VLAN tag; by default they are dropped as `vlan_tagged` (RFC 7348 section 6.1).",
  ),
  tos: optional<number | "inherit">(
    kind.inheritOr(0, 255, (tos) =>
      (tos & ECN_BITS) === 0 ? null : `${tos} sets ECN bits, which follow RFC 6040: give a multiple of 4 (DSCP × 4)`,
    ),
    "inherit",
    "DSCP of outer headers, as the TOS byte (DSCP × 4); `inherit` copies that of the inner packet. ECN always follows RFC 6040.",
  ),
  ttl: optional<number | "inherit">(
    kind.inheritOr(1, 255),
    64,
    "TTL or hop limit of outer headers; `inherit` copies that of the inner packet.",
  ),
  ageing: optional(
    kind.integer(AGEING_SECONDS_MIN, AGEING_SECONDS_MAX),
    300,
    "A learned address is forgotten when no frame came from it for so long.",
    { unit: "seconds" },
  ),
  peers: optional(
    kind.list(kind.ip, NETWORK_PEERS_LIMIT),
    [],
    "VTEPs that get a copy of each broadcast, multicast and unknown unicast frame, and from which frames are accepted.",
    { printed: "[]" },
  ),
  fdb: optional(kind.list(mapOf(FDB_KEYS), FDB_CAPACITY_MAX), [], "Static forwarding entries.", { printed: "[]" }),
  neighbors: optional(kind.list(mapOf(NEIGHBOR_KEYS), FDB_CAPACITY_MAX), [], "Addresses that are answered for on this host.", {
    printed: "[]",
  }),
  ports: optional(kind.list(mapOf(PORT_KEYS), NETWORK_PORTS_LIMIT), [], "Containers of this host on the network.", { printed: "[]" }),
};

export const TOP_KEYS = {
  node: required(mapOf(NODE_KEYS), "This host."),
  workers: optional(kind.integer(1, WORKERS_LIMIT), defaultWorkers(), "Threads that move frames, at most one a CPU is of use.", {
    printed: DEFAULT_WORKERS_TEXT,
  }),
  backend: optional<Backend>(
    kind.choice("native", "dgram"),
    "native",
    "How frames are moved: `native` (system calls in batches, with segmentation offload) or `dgram` (Node's own UDP, portable and slow).",
  ),
  injection: optional<InjectionMode>(
    kind.choice("auto", "on", "off"),
    "auto",
    "Whether TCP and UDP superframes leave whole, through a TAP on the underlay's side (docs/fast-path.md). They do not pass the host's netfilter OUTPUT and POSTROUTING chains: `auto` does it while there are no rules in those, `on` whatever they say.",
  ),
  zeroChecksum6: optional(
    kind.flag(),
    false,
    "Accept VXLAN over IPv6 with a zero outer UDP checksum, as RFC 7348 section 5 asks and RFC 6935 allows: nothing then protects the outer addresses and the VNI on the way. By default the kernel drops it, as RFC 8200 section 8.1 has it, and counts it (`weft_host_udp_checksum_errors_total`). Over IPv4 it is always accepted.",
  ),
  pinWorkers: optional(
    kind.flag(),
    true,
    "Keep each of several workers on a CPU of its own. A worker that moves may have frames of one flow overtake each other in the kernel. One worker alone is never pinned.",
  ),
  spin: optional(
    kind.integer(0, SPIN_MICROSECONDS_MAX),
    0,
    "How long at most a worker looks for work before it sleeps. It adapts: a worker that has nothing to do sleeps at once. On a host with a CPU to spare it saves the time that waking one takes, some tens of µs a round trip; on a busy host it takes from the containers.",
    { unit: "microseconds" },
  ),
  metrics: optional(kind.hostPort, { host: "127.0.0.1", port: 9477 }, "Where Prometheus finds `/metrics`, or `off`.", {
    printed: "127.0.0.1:9477",
  }),
  socket: optional(kind.socketPath, "/run/weft/weft.sock", "Unix socket of the API that `weft fdb show` and its like ask."),
  fdbCapacity: optional(kind.integer(FDB_CAPACITY_MIN, FDB_CAPACITY_MAX), 65536, "Forwarding entries that fit, all networks together.", {
    unit: "entries",
  }),
  networks: required(kind.list(mapOf(NETWORK_KEYS), NETWORKS_LIMIT), "The networks that this host takes part in."),
};

/** The maps of the file, outermost first, with the path at which each is found. */
export const SECTIONS: readonly { path: string; doc: string; keys: Record<string, Key<never>> }[] = [
  { path: "", doc: "Top level.", keys: TOP_KEYS as never },
  { path: "node", doc: "This host.", keys: NODE_KEYS as never },
  { path: "networks[]", doc: "One network.", keys: NETWORK_KEYS as never },
  { path: "networks[].fdb[]", doc: "One static forwarding entry.", keys: FDB_KEYS as never },
  { path: "networks[].neighbors[]", doc: "One address that is answered for.", keys: NEIGHBOR_KEYS as never },
  { path: "networks[].ports[]", doc: "One container's interface.", keys: PORT_KEYS as never },
];
