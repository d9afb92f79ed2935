// Keeps the next hops of VTEPs to which superframes are injected (assembly/path/inject.ts). The kernel's neighbour table is the truth: it is
// looked at once a second, and a VTEP whose next hop is not usable goes by the sockets, whose traffic makes the kernel resolve it. The
// flow's small frames always go by the sockets, so the kernel keeps probing next hops that are in use. Main thread.

import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../model/errors.ts";
import { ethernetAddress, ethernetHeader, hasXfrmPolicies, neighborMacs, nextHop, redirectTunnelTap } from "../netdev/tunnel.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Vteps } from "./networks.ts";

const LOOK_MS = 1000;
/** Routes are asked for again after so many looks. */
const ROUTE_LOOKS = 15;
/** VTEPs beyond these go by the sockets: each costs a look at its route. */
const INJECTED_MAX = 256;

export interface InjectionOptions {
  plane: DataPlane;
  vteps: Vteps;
  /** This host's VTEP address, and the interface that has it. */
  own: string;
  device: string;
  /** Told once, when injection is not to be had or is given up, and why. */
  onUnavailable: (why: string) => void;
}

export class Injection {
  readonly #options: InjectionOptions;
  readonly #hops = new Map<number, { hop: string | null; looks: number }>();
  /** Header in use, as text, by VTEP index. */
  readonly #headers = new Map<number, string>();
  #ended = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(options: InjectionOptions) {
    this.#options = options;
  }

  /** Sets up the underlay TAPs and begins to look. Resolves also when injection is not to be had: then everything goes by the sockets. */
  async start(): Promise<void> {
    const { plane, device, onUnavailable } = this.#options;
    const taps = plane.sockets.flatMap(({ tunnelTap }) => tunnelTap ?? []);
    if (taps.length < plane.workers) return onUnavailable(messageOf(plane.injectionRefused ?? "it is turned off"));
    try {
      if ((await ethernetAddress(device)) === null) return onUnavailable(`${device} is no Ethernet interface`);
      for (const { name } of taps) await redirectTunnelTap(name, device);
      await this.#look();
    } catch (error) {
      return onUnavailable(messageOf(error));
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
        this.#options.onUnavailable(messageOf(error));
        await this.#setAll(new Map());
      }
    }
  }

  async #look(): Promise<void> {
    const { device, vteps } = this.#options;
    const source = await ethernetAddress(device);
    if (source === null || (await hasXfrmPolicies())) return this.#setAll(new Map());
    const macs = await neighborMacs(device);
    const wanted = new Map<number, Uint8Array>();
    for (let index = 1; index < Math.min(vteps.addresses.length, INJECTED_MAX + 1); index++) {
      const mac = macs.get((await this.#hop(index)) ?? "");
      if (mac) wanted.set(index, ethernetHeader(mac, source, vteps.addresses[index]));
    }
    await this.#setAll(wanted);
  }

  async #hop(index: number): Promise<string | null> {
    const { own, device, vteps } = this.#options;
    const known = this.#hops.get(index);
    if (known && known.looks++ < ROUTE_LOOKS) return known.hop;
    const hop = await nextHop(own, vteps.addresses[index], device);
    this.#hops.set(index, { hop, looks: 0 });
    return hop;
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
