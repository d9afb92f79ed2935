// The MTU of each VTEP, as the kernel believes the path to be (RFC 1191 section 3). Looked at when a send was refused with EMSGSIZE, and once a
// second for VTEPs to which superframes are injected: no send of those is ever refused, while the routers' answers reach the kernel all the
// same, since the outer source port is that of one of our sockets. Main thread.

import { familyOf } from "../model/ip.ts";
import { OVERLAY_MTU_MIN, overheadBytes } from "../model/mtu.ts";
import { pathMtu } from "../sys/udp.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Vtep, Vteps } from "./vteps.ts";

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
  readonly #lowered = new Map<Vtep, { mtu: number; end: NodeJS.Timeout }>();

  constructor(options: PathMtuOptions) {
    this.#options = options;
  }

  /** Asks the kernel, and lowers or raises the MTU of VTEP `index`. */
  look(index: number): void {
    const { vteps, own, dataPort } = this.#options;
    const vtep = vteps.at(index);
    if (!vtep) return;
    let mtu: number;
    try {
      mtu = Math.max(OVERLAY_MTU_MIN, pathMtu(own, vtep.address, dataPort) - overheadBytes(familyOf(own)));
    } catch {
      // No route at the moment: the sends themselves are counted as tx_unreachable.
      return;
    }
    if (mtu < vteps.mtu) this.#lower(vtep, mtu);
    else this.#raise(vtep);
  }

  /** Lowered MTUs stay as they are. */
  stop(): void {
    for (const { end } of this.#lowered.values()) clearTimeout(end);
  }

  #lower(vtep: Vtep, mtu: number): void {
    const known = this.#lowered.get(vtep);
    clearTimeout(known?.end);
    this.#lowered.set(vtep, { mtu, end: setTimeout(() => this.#raise(vtep), PATH_MTU_MS).unref() });
    if (known?.mtu !== mtu) this.#set(vtep, mtu);
  }

  #raise(vtep: Vtep): void {
    const known = this.#lowered.get(vtep);
    if (!known) return;
    clearTimeout(known.end);
    this.#lowered.delete(vtep);
    this.#set(vtep, this.#options.vteps.mtu);
  }

  #set(vtep: Vtep, mtu: number): void {
    const { plane, vteps, onPathMtu } = this.#options;
    // Its index may be another's by now.
    if (vteps.at(vtep.index) !== vtep) return;
    plane.entries.setVtepMtu(vtep.index, mtu);
    onPathMtu(vtep.address, mtu);
  }
}
