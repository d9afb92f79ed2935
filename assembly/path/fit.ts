// May it take the path, and does it fit? Nothing but probes goes to a suspended VTEP. The limit is the smaller of the network's MTU and what the path to the VTEP carries, less our headers; a superframe is
// judged by its segments. What does not fit is dropped, and its sender told when it is a local port that may be told.

import { TX_PAYLOAD_BYTES_MAX } from "../abi/limits";
import { N_FLAGS, N_MTU, NETWORK_PROBES } from "../abi/network";
import { DROP_PKT_TOO_BIG, DROP_VTEP_SUSPENDED } from "../abi/reason";
import { V_MTU, V_SUSPENDED } from "../abi/vtep";
import { end, frame, l3, length } from "../offload/frame";
import { headerBytes, segmentPayload, segments } from "../offload/superframe";
import { drop } from "../ring/counter";
import { networkAt } from "../table/network";
import { vtepAt } from "../table/port";
import { ETH_BYTES } from "../wire/ethernet";
import { VLAN_BYTES } from "../wire/vlan";
import { VXLAN_BYTES } from "../wire/vxlan";
import { deliverReply } from "./deliver";
import { send } from "./send";
import { mayTellTooBig, writeTooBig } from "./too-big";

/** The largest MTU of which a frame, tagged, fits one send: what the tables say is not trusted with the arena's bounds. */
const MTU_MAX: u32 = TX_PAYLOAD_BYTES_MAX - VXLAN_BYTES - ETH_BYTES - VLAN_BYTES;

/** Bytes behind the Ethernet header and tag of the largest wire frame in the frame just parsed. */
function packetBytes(): u32 {
  const before = <u32>(l3 - frame);
  if (segments > 1) return headerBytes - before + segmentPayload;
  // Ethernet padding counts: it travels too, and frames that have it are far from any limit.
  return length - before;
}

/** Sends the frame just parsed to `vtep`, or drops it as suspended or too big; tells `source` (the port it came from, alone to this VTEP; 0: one of several replicas). Room for both is checked. */
export function sendFitting(network: u32, vtep: u32, source: u32): void {
  const row = networkAt(network);
  const to = vtepAt(vtep);
  let mtu = min<u32>(MTU_MAX, load<u32>(row, N_MTU));
  if ((load<u32>(row, N_FLAGS) & NETWORK_PROBES) == 0) {
    if (atomic.load<u32>(to + V_SUSPENDED) != 0) {
      drop(network, DROP_VTEP_SUSPENDED, segments);
      return;
    }
    mtu = min<u32>(mtu, atomic.load<u32>(to + V_MTU));
  }
  if (packetBytes() <= mtu) {
    send(network, vtep, source != 0);
    return;
  }
  drop(network, DROP_PKT_TOO_BIG, segments);
  // No IP sender can be told to leave padding out.
  if (source != 0 && (segments > 1 || <u32>(end - l3) > mtu) && mayTellTooBig(mtu)) deliverReply(network, source, writeTooBig(mtu));
}
