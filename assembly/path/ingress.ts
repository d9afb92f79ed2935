// Underlay to container: the stages of a VXLAN datagram, in order: outer source, header, VNI, parse, ECN, source, look up, deliver | flood.
// A datagram may be many frames that the kernel merged (UDP_GRO), or one inner superframe that a Linux peer on the same machine never cut.

import { C_RECEIVED_UNDERLAY, C_RECEIVED_UNDERLAY_BYTES } from "../abi/counter";
import { N_FLAGS, N_MTU, NETWORK_RESERVED_BITS, NETWORK_UNLISTED_SOURCES, NETWORK_VLAN_TAGS } from "../abi/network";
import {
  DROP_HDR_TRUNC,
  DROP_LOOPED,
  DROP_MAC_IEEE_MAC_CONTROL,
  DROP_MAC_INVALID_SOURCE,
  DROP_NONE,
  DROP_SPLIT_HORIZON,
  DROP_VLAN_TAGGED,
  DROP_VXLAN_INVALID_HDR,
  DROP_VXLAN_RESERVED_BITS,
  DROP_VXLAN_UNLISTED_SOURCE,
  DROP_VXLAN_VNI_NOT_FOUND,
} from "../abi/reason";
import { SPACE_VTEP, TARGET_INDEX, TARGET_PORT } from "../abi/table";
import { DIRECTION_INGRESS, R_LENGTH, R_OFFSET, R_SEGMENT_BYTES, R_SOURCE, R_TOS, R_TRUNCATED, W_RX_SEGMENT } from "../abi/worker";
import { end, frame, hasPorts, l3, l4, parse, protocol, tagged } from "../offload/frame";
import { leavePartial, transportLeftPartial, transportVerified } from "../offload/segment";
import { coalesced, plain, segments, setPartial, wireBytes } from "../offload/superframe";
import { block } from "../ring/block";
import { count, drop } from "../ring/counter";
import { addressFind, addressValue } from "../table/address";
import { fdbFind, fdbTarget } from "../table/fdb";
import { isSource, networkAt, networkOfVni } from "../table/network";
import { ethDestination, ethSource, isGroup, isLinkLocalControl } from "../wire/ethernet";
import { PROTOCOL_TCP } from "../wire/ipv4";
import { tcpHeaderBytes } from "../wire/tcp";
import { VXLAN_BYTES, vxlanHasReserved, vxlanHasVni, vxlanVni } from "../wire/vxlan";
import { finishWrites } from "./complete";
import { finished, isFresh, isReplicated, nextDescriptor, nextFrame, resume, rxAt, started, startedNetwork } from "./cursor";
import { deliverDecapsulated, deliverHasRoom } from "./deliver";
import { floodToPorts } from "./flood";
import { learnAtVtep } from "./learn";
import { decapsulateEcn } from "./outer";

/** The VTEP that sent the datagram, 0 = not one of ours. */
let vtep: u32 = 0;
/** The datagram claims to come from this host's own VTEP address (index 0 in the table). */
let own: bool = false;
/** Payload bytes of an inner superframe as the kernel told (inner USO), 0 = not told. */
let innerPayload: u32 = 0;

/** Works through `rxCount` descriptors of datagrams. Returns 0 when all are done, 1 when the host must flush and call again. */
export function ingress(rxCount: u32): u32 {
  let paused: u32 = 0;
  for (let i = resume(DIRECTION_INGRESS, rxCount); i < rxCount; i++) {
    if (!fromDatagram(rxAt(i))) {
      paused = 1;
      break;
    }
    nextDescriptor(i);
  }
  if (paused == 0) finished();
  finishWrites();
  return paused;
}

/** False: paused. */
function fromDatagram(rx: usize): bool {
  const source = rx + R_SOURCE;
  const found = addressFind(SPACE_VTEP, load<u64>(source), load<u64>(source, 8));
  vtep = <u32>addressValue(found);
  own = found != 0 && vtep == 0;
  const at = <usize>load<u32>(rx, R_OFFSET);
  const bytes = load<u32>(rx, R_LENGTH);
  const step = segmentStep(at, bytes, load<u32>(rx, R_SEGMENT_BYTES));
  let offset = load<u32>(block + W_RX_SEGMENT);
  do {
    const rest = bytes - offset;
    if (!fromUnderlay(rx, at + offset, rest < step ? rest : step)) return false;
    offset += step;
    store<u32>(block + W_RX_SEGMENT, offset);
    nextFrame();
  } while (offset < bytes);
  return true;
}

/**
 * Bytes of each VXLAN packet in a datagram. The size that UDP_GRO tells is the inner one when the datagram is one inner USO superframe: then
 * the inner IP length says that the datagram is a single packet.
 */
function segmentStep(at: usize, bytes: u32, told: u32): u32 {
  innerPayload = 0;
  if (told == 0 || told >= bytes) return max<u32>(bytes, 1);
  if (bytes > VXLAN_BYTES && parse(at + VXLAN_BYTES, bytes - VXLAN_BYTES) == DROP_NONE && end == at + bytes && hasPorts) {
    innerPayload = told;
    return bytes;
  }
  return told;
}

/** One VXLAN packet. False: paused. */
function fromUnderlay(rx: usize, header: usize, bytes: u32): bool {
  if (!isFresh()) return goOn(header, bytes);
  let network: u32 = 0;
  let reason: u32 = DROP_VXLAN_INVALID_HDR;
  plain();
  if (bytes >= VXLAN_BYTES && vxlanHasVni(header)) {
    network = networkOfVni(vxlanVni(header));
    reason = network == 0 ? DROP_VXLAN_VNI_NOT_FOUND : read(network, rx, header, bytes);
  }
  // In this order, as in egress.ts: whatever traps, the frame is counted as received or given up.
  count(network, C_RECEIVED_UNDERLAY, segments);
  started(network);
  count(network, C_RECEIVED_UNDERLAY_BYTES, network != 0 ? wireBytes : bytes > VXLAN_BYTES ? bytes - VXLAN_BYTES : 0);
  if (reason == DROP_NONE) reason = admitted(network, rx);
  if (reason == DROP_NONE) return forward(network);
  drop(network, reason, segments);
  return true;
}

/** A packet that paused was admitted before: it goes on, whatever the tables say meanwhile of its VNI and its source. */
function goOn(header: usize, bytes: u32): bool {
  const network = startedNetwork();
  parse(header + VXLAN_BYTES, bytes - VXLAN_BYTES);
  plain();
  if (hasPorts) readOffload(load<u32>(networkAt(network) + N_MTU));
  return isReplicated() ? floodToPorts(network) : forward(network);
}

/** Checks the header's bits and the source, and parses the inner frame. Returns DROP_NONE or the reason. */
function read(network: u32, rx: usize, header: usize, bytes: u32): u32 {
  const flags = load<u32>(networkAt(network) + N_FLAGS);
  const malformed = parse(header + VXLAN_BYTES, bytes - VXLAN_BYTES);
  plain();
  if (vxlanHasReserved(header) && (flags & NETWORK_RESERVED_BITS) == 0) return DROP_VXLAN_RESERVED_BITS;
  if (own) return DROP_LOOPED;
  if ((vtep == 0 || !isSource(network, vtep)) && (flags & NETWORK_UNLISTED_SOURCES) == 0) return DROP_VXLAN_UNLISTED_SOURCE;
  if (load<u32>(rx, R_TRUNCATED) != 0) return DROP_HDR_TRUNC;
  if (malformed != DROP_NONE) return malformed;
  if (tagged && (flags & NETWORK_VLAN_TAGS) == 0) return DROP_VLAN_TAGGED;
  if (hasPorts) readOffload(load<u32>(networkAt(network) + N_MTU));
  return DROP_NONE;
}

/** A Linux peer on the same machine hands over partial checksums and whole superframes: no wire, no cutting (performance facts, P3). */
function readOffload(mtu: u32): void {
  let payload = innerPayload;
  // A TCP stream may be cut anywhere; a UDP datagram only where the kernel says that it was put together.
  if (payload == 0 && protocol == PROTOCOL_TCP && <u32>(end - l3) > mtu) payload = mtu - <u32>(l4 - l3) - tcpHeaderBytes(l4);
  if (payload != 0 && !coalesced(payload)) plain();
  const isPartial = transportLeftPartial();
  if (segments > 1 && !isPartial) {
    // From a peer with a larger MTU, and finished. Nobody verifies a superframe after us: what is not right passes as it came.
    if (!transportVerified()) {
      plain();
      return;
    }
    leavePartial();
  }
  if (segments > 1 || isPartial) setPartial();
}

/** Why a well-formed frame may not enter this network from the underlay; rewrites its ECN field. */
function admitted(network: u32, rx: usize): u32 {
  const source = ethSource(frame);
  if (isGroup(source) || source == 0) return DROP_MAC_INVALID_SOURCE;
  if (isLinkLocalControl(ethDestination(frame))) return DROP_MAC_IEEE_MAC_CONTROL;
  const reason = learnAtVtep(network, source, vtep, rx + R_SOURCE);
  return reason != DROP_NONE ? reason : decapsulateEcn(network, load<u32>(rx, R_TOS));
}

/** False: paused for want of room, before anything was done. */
function forward(network: u32): bool {
  const destination = ethDestination(frame);
  const entry: usize = isGroup(destination) ? 0 : fdbFind(network, destination);
  const target = entry == 0 ? 0 : fdbTarget(entry);
  if (target == 0) return floodToPorts(network);
  if ((target & TARGET_PORT) == 0) {
    drop(network, DROP_SPLIT_HORIZON, segments);
    return true;
  }
  if (!deliverHasRoom()) return false;
  deliverDecapsulated(network, target & TARGET_INDEX, true);
  return true;
}
