// The MTU of each VTEP, as the kernel believes the path to be (RFC 1191 section 3). Looked at when a send was refused with EMSGSIZE, and once a
// second for VTEPs to which superframes are injected: no send of those is ever refused, while the routers' answers reach the kernel all the
// same, since the outer source port is that of one of our sockets. Main thread.

import { familyOf } from "../model/ip.ts";
import { OVERLAY_MTU_MIN, overheadBytes } from "../model/mtu.ts";
import { pathMtu } from "../sys/udp.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Vteps } from "./networks.ts";

/** How long a lowered path MTU is believed without another look (the kernel's net.ipv4.route.mtu_expires). */
const PATH_MTU_MS = 600_000;

export interface PathMtuOptions {
  plane: DataPlane;
  vteps: Vteps;
  /** This host's VTEP address, and the data port. */
  own: string;
  dataPort: number;
  /** Told when a VTEP's inner MTU has fallen, or has risen again. */
  onPathMtu: (vtep: string, mtu: number) => void;
}

export class PathMtus {
  readonly #options: PathMtuOptions;
  /** What is lower than the underlay takes, in bytes, and when that ends. */
  readonly #lowered = new Map<number, { mtu: number; end: NodeJS.Timeout }>();

  constructor(options: PathMtuOptions) {
    this.#options = options;
  }

  /** Asks the kernel, and lowers or raises the MTU of VTEP `index`. */
  look(index: number): void {
    const { vteps, own, dataPort } = this.#options;
    const address = vteps.addresses[index];
    if (!address) return;
    let mtu: number;
    try {
      mtu = Math.max(OVERLAY_MTU_MIN, pathMtu(own, address, dataPort) - overheadBytes(familyOf(own)));
    } catch {
      // No route at the moment: the sends themselves are counted as tx_unreachable.
      return;
    }
    if (mtu < vteps.mtu) this.#lower(index, mtu);
    else this.#raise(index);
  }

  /** Lowered MTUs stay as they are. */
  stop(): void {
    for (const { end } of this.#lowered.values()) clearTimeout(end);
  }

  #lower(index: number, mtu: number): void {
    const known = this.#lowered.get(index);
    clearTimeout(known?.end);
    this.#lowered.set(index, { mtu, end: setTimeout(() => this.#raise(index), PATH_MTU_MS).unref() });
    if (known?.mtu !== mtu) this.#set(index, mtu);
  }

  #raise(index: number): void {
    const known = this.#lowered.get(index);
    if (!known) return;
    clearTimeout(known.end);
    this.#lowered.delete(index);
    this.#set(index, this.#options.vteps.mtu);
  }

  #set(index: number, mtu: number): void {
    const { plane, vteps, onPathMtu } = this.#options;
    plane.entries.setVtepMtu(index, mtu);
    onPathMtu(vteps.addresses[index], mtu);
  }
}
