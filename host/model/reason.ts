// What each drop reason means, told to the person who runs the hosts: what happened, then what to look at. The numbers are
// assembly/abi/reason.ts; the label (metrics, API, docs) is the constant's name in lower case without DROP_.

import * as abi from "../../assembly/abi/reason.ts";

export interface Reason {
  /** Number in the core's counters: index C_DROPPED + number. */
  number: number;
  /** Name in metrics and documents. */
  label: string;
  /** One or two sentences for an operator. */
  text: string;
}

const TEXTS: Record<string, string> = {
  pkt_too_small: "The frame is shorter than an Ethernet header. Look at the sender: it is broken or hostile.",
  hdr_trunc:
    "The frame or datagram ends before its own headers say it should, or did not fit the receive buffer. Look for a faulty sender, or for something on the underlay that cuts packets.",
  dev_hdr:
    "The virtio-net header that came with a frame from a container does not fit the frame. Look at what writes to that interface by packet socket; the kernel itself does not make such headers.",
  vxlan_invalid_hdr:
    "The datagram on the data port is too short for a VXLAN header or its I flag is not set. Look for something else that sends to this UDP port: a scan, or a Geneve or VXLAN-GPE tunnel.",
  vxlan_reserved_bits:
    "Reserved bits of the VXLAN header are set: the sender uses an extension (group policy, GPE) that is not spoken here. Switch the extension off there, or set ignoreReservedBits for the network.",
  vxlan_vni_not_found:
    "The VXLAN header names a VNI that this host has no network for. Look for a peer that still lists this host, or for two files that disagree on the VNI.",
  vxlan_unlisted_source:
    "The datagram comes from an address that is not a peer of its network. Add the address to peers if it belongs there; otherwise somebody is injecting frames: look at the underlay's filters.",
  vxlan_entry_exists:
    "A frame bears the source MAC of a static entry but comes from another place. Look for two containers with one MAC, a wrong fdb line, or a spoofed address.",
  mac_invalid_source: "The frame's source MAC is zero or a multicast address. Look at the container or host that sent it.",
  mac_ieee_mac_control:
    "The destination is one of the link-local addresses 01:80:c2:00:00:00 to 0f (spanning tree, LLDP, pause), which a bridge never forwards. Expected in small numbers where such a protocol runs.",
  local_mac:
    "A frame from the underlay bears the source MAC of a container on this host. Look for a duplicate MAC, or for a loop that brings frames back.",
  looped:
    "A datagram on the data port bears this host's own VTEP address as its source. Look for a routing loop, or for a second host with this address.",
  split_horizon:
    "A frame from the underlay is meant for another VTEP, and what comes from the underlay is never sent back to it. Look for a peer whose FDB places a MAC on the wrong host.",
  same_port:
    "The destination is behind the port that the frame came from, so it is there already. Normal in small numbers behind a bridge inside a container.",
  no_tx_target:
    "There is nobody to give the frame to: an unknown destination or a broadcast, and the network has no peer and no other port. Look at peers and fdb if there should be one.",
  vlan_tagged: "The frame carries a VLAN tag (RFC 7348 section 6.1). Remove the tag at the sender, or set allowVlanTags for the network.",
  ip_inhdr: "The IP header inside the frame is malformed (length, version or options) where the core had to read it. Look at the sender.",
  ip_tunnel_ecn:
    "The underlay marked congestion on a packet whose sender does not speak ECN, so the mark can only be given by dropping (RFC 6040 section 4.2). Look for congested links, or a router that sets ECN bits blindly.",
  pkt_too_big:
    "The frame does not fit the path to its VTEP; the sender was told by ICMP where that is allowed. Look at the MTU of the network against that of the underlay (50 bytes less over IPv4, 70 over IPv6).",
  skb_gso_seg:
    "A superframe from a container could not be cut into segments: its header asks for something unknown or impossible. Look at what writes to that interface by packet socket.",
  port_down: "The container's interface is down or its port is being removed. Expected while a container starts or stops.",
  full_ring:
    "A ring, an arena or a container's receive queue was full: more came in than could be taken. Look at the load of the workers and of the receiving container; add workers.",
  tx_unreachable:
    "The kernel has no route to the VTEP, or the neighbour does not answer on the underlay. Look at `ip route get` for its address, the link and the firewall.",
  tx_error: "The kernel refused to send or write for a reason that has no name of its own. The agent's log has the errno.",
  core_trap:
    "The packet core trapped while it held the frame, and the worker was replaced. This is a bug in weft: keep the log line and report it.",
  vtep_suspended:
    "The frame is meant for a host that is down, or that probes say cannot be reached for now; its entries stay, and traffic goes on once it answers. Look at `weft node ls`: whether the node itself is down or only the path from here is broken.",
};

const PREFIX = "DROP_";

/** Every reason, DROP_NONE not among them, by rising number. */
export const REASON_LIST: readonly Reason[] = Object.entries(abi)
  .filter(([name]) => name.startsWith(PREFIX) && name !== "DROP_NONE")
  .map(([name, number]) => ({ number, label: labelOf(name), text: TEXTS[labelOf(name)] }))
  .sort((a, b) => a.number - b.number);

const BY_NUMBER = new Map(REASON_LIST.map((reason) => [reason.number, reason]));

/** The label of a reason's number; numbers that this build does not know come back as `reason_N`. */
export function reasonLabel(number: number): string {
  return BY_NUMBER.get(number)?.label ?? `reason_${number}`;
}

function labelOf(constant: string): string {
  return constant.slice(PREFIX.length).toLowerCase();
}
