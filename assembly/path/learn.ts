// Source addresses. RFC 7348 section 4.1: a receiving VTEP learns inner source MAC → outer source IP. Known and unmoved: the entry is marked
// as seen. Unknown or moved: the main thread is told. A static entry is never moved by a packet.

import { N_FLAGS, NETWORK_LEARNING } from "../abi/network";
import { DROP_LOCAL_MAC, DROP_NONE, DROP_VXLAN_ENTRY_EXISTS } from "../abi/reason";
import { TARGET_PORT, TARGET_STATIC, TARGET_VTEP } from "../abi/table";
import { now } from "../ring/block";
import { tellAddress, tellLearnedPort, tellLearnedVtep } from "../ring/event";
import { fdbFind, fdbTarget, fdbTouch } from "../table/fdb";
import { networkAt } from "../table/network";

@inline
function learns(network: u32): bool {
  return (load<u32>(networkAt(network) + N_FLAGS) & NETWORK_LEARNING) != 0;
}

/** A source seen at a local port. Returns DROP_NONE, or DROP_VXLAN_ENTRY_EXISTS when the control plane placed the MAC elsewhere. */
export function learnAtPort(network: u32, mac: u64, port: u32): u32 {
  const entry = fdbFind(network, mac);
  const target = entry == 0 ? 0 : fdbTarget(entry);
  if ((target & ~TARGET_STATIC) == (TARGET_PORT | port)) {
    fdbTouch(entry, now());
    return DROP_NONE;
  }
  if (target & TARGET_STATIC) return DROP_VXLAN_ENTRY_EXISTS;
  if (learns(network)) tellLearnedPort(network, mac, port);
  return DROP_NONE;
}

/** A source seen behind VTEP `vtep`, or, when that is 0, behind the unlisted address at `address`. Returns DROP_NONE or the reason. */
export function learnAtVtep(network: u32, mac: u64, vtep: u32, address: usize): u32 {
  const entry = fdbFind(network, mac);
  const target = entry == 0 ? 0 : fdbTarget(entry);
  if (vtep != 0 && (target & ~TARGET_STATIC) == (TARGET_VTEP | vtep)) {
    fdbTouch(entry, now());
    return DROP_NONE;
  }
  if (target & TARGET_STATIC) return target & TARGET_PORT ? DROP_LOCAL_MAC : DROP_VXLAN_ENTRY_EXISTS;
  if (!learns(network)) return DROP_NONE;
  if (vtep != 0) tellLearnedVtep(network, mac, vtep);
  else tellAddress(network, mac, address);
  return DROP_NONE;
}
