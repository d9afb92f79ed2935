// The MTU of each VTEP: as the kernel believes the path to be (RFC 1191 section 3), and no more than probes found to come through. The kernel is asked
// when a send was refused with EMSGSIZE, once a second for VTEPs to which superframes are injected (no send of those is ever refused, while the
// routers' answers reach the kernel all the same, since the outer source port is that of one of our sockets), and now and then while it said
// less, since it does not tell that a path carries more again. Main thread.

import { V_MTU } from "../../assembly/abi/vtep.ts";
import { familyOf } from "../model/ip.ts";
import { OVERLAY_MTU_MIN, overheadBytes } from "../model/mtu.ts";
import { pathMtu } from "../sys/udp.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Vtep, Vteps } from "./vteps.ts";

/** How long a lowered path MTU is believed without another look. */
const LOOK_AGAIN_MS = 10_000;

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
  /** What the kernel says is lower than the underlay takes, in bytes, and when it is asked again. */
  readonly #lowered = new Map<Vtep, { mtu: number; again: NodeJS.Timeout }>();
  /** What probes say is lower, by address. */
  readonly #probed = new Map<string, number>();

  constructor(options: PathMtuOptions) {
    this.#options = options;
  }

  /** Asks the kernel, and lowers or raises the MTU of VTEP `index`. */
  look(index: number): void {
    const vtep = this.#options.vteps.at(index);
    if (vtep) this.#look(vtep);
  }

  /** Probes found that outer packets of at most so many bytes come through to the VTEP at this address, until they find otherwise. */
  limit(address: string, outerBytes: number): void {
    const { vteps } = this.#options;
    const mtu = this.#inner(outerBytes);
    if (mtu < vteps.mtu) this.#probed.set(address, mtu);
    else this.#probed.delete(address);
    const vtep = vteps.all.find((each) => each.address === address);
    if (vtep) this.#write(vtep);
  }

  /** Lowered MTUs stay as they are. */
  stop(): void {
    for (const { again } of this.#lowered.values()) clearTimeout(again);
  }

  #look(vtep: Vtep): void {
    const { vteps } = this.#options;
    const before = this.#lowered.get(vtep);
    clearTimeout(before?.again);
    this.#lowered.delete(vtep);
    // Its index may be another's by now.
    if (vteps.at(vtep.index) !== vtep) return;
    const mtu = this.#believed(vtep) ?? before?.mtu ?? vteps.mtu;
    if (mtu < vteps.mtu) this.#lowered.set(vtep, { mtu, again: setTimeout(() => this.#look(vtep), LOOK_AGAIN_MS).unref() });
    this.#write(vtep);
  }

  /** What the kernel believes; null: no route at the moment, and the sends themselves are counted as tx_unreachable. */
  #believed({ address }: Vtep): number | null {
    try {
      return this.#inner(pathMtu(this.#options.own, address, this.#options.dataPort));
    } catch {
      return null;
    }
  }

  #inner(outerBytes: number): number {
    return Math.max(OVERLAY_MTU_MIN, outerBytes - overheadBytes(familyOf(this.#options.own)));
  }

  #write(vtep: Vtep): void {
    const { plane, vteps, onPathMtu } = this.#options;
    const mtu = Math.min(vteps.mtu, this.#lowered.get(vtep)?.mtu ?? vteps.mtu, this.#probed.get(vtep.address) ?? vteps.mtu);
    if (plane.entries.vtep(vtep.index)[V_MTU / 4] === mtu) return;
    plane.entries.setVtepMtu(vtep.index, mtu);
    onPathMtu(vtep.address, mtu);
  }
}
