// Broadcast, unknown unicast and multicast: head-end replication to every other port of the network here and, for frames from a
// port, to every VTEP of its list (RFC 7348 section 4.2, ingress replication instead of a multicast group). Frames from the underlay go to ports only
// (split horizon). Each replica after the first is counted as a copy.

import { C_COPIES } from "../abi/counter";
import { F_PORT_COUNT, F_PORTS, F_VTEP_COUNT, F_VTEPS } from "../abi/network";
import { DROP_NO_TX_TARGET } from "../abi/reason";
import { W_REPLICA } from "../abi/worker";
import { segments } from "../offload/superframe";
import { block } from "../ring/block";
import { count, drop } from "../ring/counter";
import { floodList } from "../table/network";
import { isReplicated, replicated } from "./cursor";
import { deliverAsRead, deliverDecapsulated, deliverHasRoom } from "./deliver";
import { sendFitting } from "./fit";
import { sendHasRoom } from "./send";

function beforeReplica(network: u32, next: u32): void {
  if (isReplicated()) count(network, C_COPIES, segments);
  replicated(next);
}

function endFlood(network: u32): void {
  if (!isReplicated()) drop(network, DROP_NO_TX_TARGET, segments);
}

/** From `source`, to everybody else. False: paused for want of room; call again after a flush. */
export function floodFromPort(network: u32, source: u32): bool {
  const list = floodList(network);
  const ports = load<u32>(list, F_PORT_COUNT);
  const all = ports + load<u32>(list, F_VTEP_COUNT);
  for (let i = load<u32>(block + W_REPLICA); i < all; i++) {
    if (i < ports) {
      const port = <u32>load<u16>(list + <usize>i * 2, F_PORTS);
      if (port == source) continue;
      if (!deliverHasRoom()) return false;
      beforeReplica(network, i + 1);
      deliverAsRead(network, port);
    } else {
      if (!sendHasRoom()) return false;
      beforeReplica(network, i + 1);
      sendFitting(network, <u32>load<u16>(list + <usize>(i - ports) * 2, F_VTEPS), 0);
    }
  }
  endFlood(network);
  return true;
}

/** From the underlay, to every port. False: paused for want of room. */
export function floodToPorts(network: u32): bool {
  const list = floodList(network);
  const ports = load<u32>(list, F_PORT_COUNT);
  for (let i = load<u32>(block + W_REPLICA); i < ports; i++) {
    if (!deliverHasRoom()) return false;
    beforeReplica(network, i + 1);
    deliverDecapsulated(network, <u32>load<u16>(list + <usize>i * 2, F_PORTS), false);
  }
  endFlood(network);
  return true;
}
