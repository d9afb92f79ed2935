// Keeps the next hops of VTEPs to which superframes are injected (assembly/path/inject.ts). The kernel's neighbour table is the truth: it is
// looked at once a second, and a VTEP whose next hop is not usable goes by the sockets, whose traffic makes the kernel resolve it. What is
// injected does not show the kernel that a next hop is in use, so one that has become stale is probed from here. Main thread.

import { setTimeout as sleep } from "node:timers/promises";
import { readInjects } from "../core/read.ts";
import { messageOf } from "../model/errors.ts";
import {
  ethernetAddress,
  ethernetHeader,
  hasXfrmPolicies,
  nextHops,
  probeNeighbors,
  redirectTunnelTap,
  usableNeighbors,
} from "../netdev/tunnel.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Vteps } from "./networks.ts";
import type { PathMtus } from "./path-mtu.ts";

const LOOK_MS = 1000;
/** VTEPs beyond these go by the sockets: each costs a look at its route. */
const INJECTED_MAX = 256;

export interface InjectionOptions {
  plane: DataPlane;
  vteps: Vteps;
  /** This host's VTEP address, and the interface that has it. */
  own: string;
  device: string;
  pathMtus: PathMtus;
  /** Told when injection is not to be had or is given up, and why; not twice in a row the same. */
  onUnavailable: (why: string) => void;
}

export class Injection {
  readonly #options: InjectionOptions;
  /** Header in use, as text, by VTEP index. */
  readonly #headers = new Map<number, string>();
  readonly #ended = new AbortController();
  #told = "";
  #looking: Promise<void> = Promise.resolve();

  constructor(options: InjectionOptions) {
    this.#options = options;
  }

  /** Sets up the underlay TAPs and begins to look. Resolves also when injection is not to be had: then everything goes by the sockets. */
  async start(): Promise<void> {
    const { plane, device } = this.#options;
    const taps = plane.sockets.flatMap(({ tunnelTap }) => tunnelTap ?? []);
    if (taps.length < plane.workers) return this.#tell(messageOf(plane.injectionRefused ?? "it is turned off"));
    try {
      if ((await ethernetAddress(device)) === null) return this.#tell(`${device} is no Ethernet interface`);
      for (const { name } of taps) await redirectTunnelTap(name, device);
      await this.#look();
    } catch (error) {
      return this.#tell(messageOf(error));
    }
    this.#looking = this.#watch();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#looking;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#look();
      } catch (error) {
        this.#tell(messageOf(error));
        await this.#setAll(new Map());
      }
    }
  }

  #tell(why: string): void {
    if (why !== this.#told && why !== "") this.#options.onUnavailable(why);
    this.#told = why;
  }

  async #look(): Promise<void> {
    const { device, plane } = this.#options;
    const source = await ethernetAddress(device);
    const obstacle = source === null ? `${device} has no MAC address` : await this.#obstacle();
    await this.#setAll(source === null || obstacle !== "" ? new Map() : await this.#wanted(source));
    this.#tell(obstacle || this.#refused(plane.workers));
    for (const index of this.#headers.keys()) this.#options.pathMtus.look(index);
  }

  async #obstacle(): Promise<string> {
    return (await hasXfrmPolicies()) ? "the host has xfrm policies (ip xfrm policy), which injected packets would not pass" : "";
  }

  /** A worker whose TAP refused a superframe goes on with its sockets (host/sys/injector.ts). */
  #refused(workers: number): string {
    const without = Array.from({ length: workers }, (_, worker) => worker).filter(
      (worker) => !readInjects(this.#options.plane.memory, worker),
    );
    return without.length === 0 ? "" : `the kernel refused a superframe of worker ${without.join(", ")}`;
  }

  /** The headers of all VTEPs that can be injected to now. */
  async #wanted(source: string): Promise<Map<number, Uint8Array>> {
    const { own, device, vteps } = this.#options;
    const addresses = vteps.addresses.slice(1, INJECTED_MAX + 1);
    const hops = await nextHops(own, addresses, device);
    const neighbors = await usableNeighbors(device);
    const wanted = new Map<number, Uint8Array>();
    const stale = new Set<string>();
    for (const [i, hop] of hops.entries()) {
      const neighbor = hop === null ? undefined : neighbors.get(hop);
      if (hop === null || !neighbor) continue;
      wanted.set(i + 1, ethernetHeader(neighbor.mac, source, addresses[i]));
      if (neighbor.stale) stale.add(hop);
    }
    await probeNeighbors([...stale], device);
    return wanted;
  }

  /** Writes what differs: an old header is turned off, a grace period passes, then the new one is written. */
  async #setAll(wanted: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const { entries } = this.#options.plane;
    const changed = [...new Set([...this.#headers.keys(), ...wanted.keys()])].filter(
      (index) => this.#headers.get(index) !== wanted.get(index)?.join(),
    );
    if (changed.length === 0) return;
    for (const index of changed) entries.setVtepNextHop(index, null);
    await this.#options.plane.published();
    for (const index of changed) {
      const header = wanted.get(index);
      if (header) {
        entries.setVtepNextHop(index, header);
        this.#headers.set(index, header.join());
      } else {
        this.#headers.delete(index);
      }
    }
  }
}
