// What the host tells the core so that superframes to a VTEP leave whole: own address, next hop, an underlay TAP, the sockets' source ports.

import * as abi from "../../assembly/abi/index.ts";
import { parseIp } from "../../host/model/ip.ts";
import type { CoreHarness } from "./core-harness.ts";

/** Source port of the first sending socket; the others' follow. */
export const FIRST_SOURCE_PORT = 50_000;

/** `nextHop`: 14 bytes of outer Ethernet header, or null: none to this VTEP. */
export function allowInjection({ entries, view, block }: CoreHarness, vtep: number, own: string, nextHop: Uint8Array | null): void {
  entries.setOwnAddress(parseIp(own));
  entries.setVtepNextHop(vtep, nextHop);
  view.setUint32(block + abi.W_INJECT, 1, true);
  for (let socket = 0; socket < abi.TX_SOCKETS; socket++) {
    view.setUint32(block + abi.W_SOURCE_PORTS + socket * 4, FIRST_SOURCE_PORT + socket, true);
  }
}
