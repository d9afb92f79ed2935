// Container to underlay: the stages of a frame read from a TAP, in order: parse, source, suppress, look up, send | deliver | flood.

import { C_ANSWERED, C_RECEIVED_PORT, C_RECEIVED_PORT_BYTES } from "../abi/counter";
import { N_FLAGS, NETWORK_VLAN_TAGS } from "../abi/network";
import {
  DROP_HDR_TRUNC,
  DROP_MAC_IEEE_MAC_CONTROL,
  DROP_MAC_INVALID_SOURCE,
  DROP_NONE,
  DROP_PKT_TOO_SMALL,
  DROP_SAME_PORT,
  DROP_VLAN_TAGGED,
} from "../abi/reason";
import { TARGET_INDEX, TARGET_PORT } from "../abi/table";
import { DIRECTION_EGRESS, R_LENGTH, R_OFFSET, R_PORT, R_TRUNCATED } from "../abi/worker";
import { frame, parse, tagged } from "../offload/frame";
import { plain, readVnet, segments, wireBytes } from "../offload/superframe";
import { count, drop } from "../ring/counter";
import { fdbFind, fdbTarget } from "../table/fdb";
import { networkAt } from "../table/network";
import { portNetwork } from "../table/port";
import { ethDestination, ethSource, isGroup, isLinkLocalControl } from "../wire/ethernet";
import { VNET_BYTES } from "../wire/virtio-net";
import { finished, isFresh, isReplicated, nextDescriptor, resume, rxAt, started } from "./cursor";
import { deliverAsRead, deliverHasRoom, deliverReply, replyHasRoom } from "./deliver";
import { sendFitting } from "./fit";
import { floodFromPort } from "./flood";
import { learnAtPort } from "./learn";
import { sendHasRoom } from "./send";
import { answerFor, writeAnswer } from "./suppress";

/** Works through `rxCount` descriptors of frames read from TAPs. Returns 0 when all are done, 1 when the host must flush and call again. */
export function egress(rxCount: u32): u32 {
  for (let i = resume(DIRECTION_EGRESS, rxCount); i < rxCount; i++) {
    if (!fromPort(rxAt(i))) return 1;
    nextDescriptor(i);
  }
  finished();
  return 0;
}

/** False: paused. */
function fromPort(rx: usize): bool {
  const port = load<u32>(rx, R_PORT);
  const network = portNetwork(port);
  const malformed = read(rx);
  const fresh = isFresh();
  if (fresh) {
    // In this order: a trap in the first count leaves the frame fresh, to be given up (complete.ts); after it nothing can be lost.
    count(network, C_RECEIVED_PORT, segments);
    started(network);
    count(network, C_RECEIVED_PORT_BYTES, wireBytes);
  }
  // A flood that paused goes on, whatever the FDB has learned meanwhile.
  if (isReplicated()) return floodFromPort(network, port);
  const reason = malformed != DROP_NONE ? malformed : refused(network, port, fresh);
  if (reason == DROP_NONE) return forward(network, port);
  drop(network, reason, segments);
  return true;
}

/** Parses frame and virtio-net header; returns DROP_NONE or why they are malformed. */
function read(rx: usize): u32 {
  const vnet = <usize>load<u32>(rx, R_OFFSET);
  const bytes = load<u32>(rx, R_LENGTH);
  if (bytes < VNET_BYTES) {
    parse(vnet, 0);
    plain();
    return DROP_PKT_TOO_SMALL;
  }
  const malformed = parse(vnet + VNET_BYTES, bytes - VNET_BYTES);
  if (malformed != DROP_NONE || load<u32>(rx, R_TRUNCATED) != 0) {
    plain();
    return malformed != DROP_NONE ? malformed : DROP_HDR_TRUNC;
  }
  return readVnet(vnet);
}

/** Why a well-formed frame may not enter this network from this port. */
function refused(network: u32, port: u32, fresh: bool): u32 {
  const source = ethSource(frame);
  if (isGroup(source) || source == 0) return DROP_MAC_INVALID_SOURCE;
  if (isLinkLocalControl(ethDestination(frame))) return DROP_MAC_IEEE_MAC_CONTROL;
  if (tagged && (load<u32>(networkAt(network) + N_FLAGS) & NETWORK_VLAN_TAGS) == 0) return DROP_VLAN_TAGGED;
  return fresh ? learnAtPort(network, source, port) : DROP_NONE;
}

/** False: paused for want of room, before anything was done. */
function forward(network: u32, port: u32): bool {
  const destination = ethDestination(frame);
  if (isGroup(destination)) {
    const answer = answerFor(network);
    if (answer == 0) return floodFromPort(network, port);
    if (!replyHasRoom()) return false;
    count(network, C_ANSWERED, 1);
    deliverReply(network, port, writeAnswer(answer));
    return true;
  }
  const entry = fdbFind(network, destination);
  const target = entry == 0 ? 0 : fdbTarget(entry);
  if (target == 0) return floodFromPort(network, port);
  const index = target & TARGET_INDEX;
  if ((target & TARGET_PORT) == 0) {
    if (!sendHasRoom() || !replyHasRoom()) return false;
    sendFitting(network, index, port);
  } else if (index == port) {
    drop(network, DROP_SAME_PORT, segments);
  } else {
    if (!deliverHasRoom()) return false;
    deliverAsRead(network, index);
  }
  return true;
}
