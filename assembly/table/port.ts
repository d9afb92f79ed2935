// Ports and VTEPs: entries by index. Workers read; the main thread writes them (host/core).

import { HEADER, H_PORT, H_VTEP } from "../abi/layout";
import { PORT_BYTES, PORT_UP, P_NETWORK, P_STATE } from "../abi/port";
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
