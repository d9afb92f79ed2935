// Ports and VTEPs: entries by index. Workers read; the main thread writes them (host/core).

import { H_PORT, H_VTEP, HEADER } from "../abi/layout";
import { P_NETWORK, P_STATE, PORT_BYTES, PORT_UP } from "../abi/port";
import { VTEP_BYTES } from "../abi/vtep";

@inline
export function portAt(port: u32): usize {
  return <usize>load<u32>(HEADER + H_PORT) + <usize>port * PORT_BYTES;
}

@inline
export function portIsUp(port: u32): bool {
  return atomic.load<u32>(portAt(port) + P_STATE) == PORT_UP;
}

@inline
export function portNetwork(port: u32): u32 {
  return load<u32>(portAt(port) + P_NETWORK);
}

@inline
export function vtepAt(vtep: u32): usize {
  return <usize>load<u32>(HEADER + H_VTEP) + <usize>vtep * VTEP_BYTES;
}
