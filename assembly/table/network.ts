// Networks, and the way from a VNI to one.

import { H_FLOOD, H_NETWORK, H_VNI, HEADER, VNI_ENTRY_BYTES } from "../abi/layout";
import { F_SOURCES, FLOOD_BYTES, N_FLOOD_COPY, NETWORK_BYTES } from "../abi/network";

@inline
export function networkAt(network: u32): usize {
  return <usize>load<u32>(HEADER + H_NETWORK) + <usize>network * NETWORK_BYTES;
}

/** Network index of a VNI; 0 = not one of ours. */
@inline
export function networkOfVni(vni: u32): u32 {
  return <u32>atomic.load<u16>(<usize>load<u32>(HEADER + H_VNI) + <usize>vni * VNI_ENTRY_BYTES);
}

/** The flood list that readers use now; valid until the end of the breath. */
@inline
export function floodList(network: u32): usize {
  const copy = atomic.load<u32>(networkAt(network) + N_FLOOD_COPY);
  return <usize>load<u32>(HEADER + H_FLOOD) + <usize>(network * 2 + copy) * FLOOD_BYTES;
}

/** Whether frames from this VTEP are accepted on this network. */
@inline
export function isSource(network: u32, vtep: u32): bool {
  return ((<u32>load<u8>(floodList(network) + F_SOURCES + <usize>(vtep >> 3)) >> (vtep & 7)) & 1) != 0;
}
