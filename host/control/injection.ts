// Keeps the next hops of VTEPs to which superframes are injected (assembly/path/inject.ts), and turns injection off while something of the host
// would be passed by. The kernel's tables are the truth: they are looked at when it says that they have changed, and a VTEP whose next hop is not
// usable goes by the sockets, whose traffic makes the kernel resolve it. What is injected does not show the kernel that a next hop is in use, so one
// that has become stale is probed from here. Main thread.

import { setTimeout as sleep } from "node:timers/promises";
import { INJECT_ALL, INJECT_LONE } from "../../assembly/abi/vtep.ts";
import { readInjects } from "../core/read.ts";
import type { InjectionMode } from "../model/config.ts";
import { messageOf } from "../model/errors.ts";
import { netfilterInTheWay, queuesInTheWay, xfrmInTheWay } from "../netdev/bypassed.ts";
import { HostChanges } from "../netdev/changes.ts";
import {
  cutsTunnels,
  ethernetAddress,
  ethernetHeader,
  nextHops,
  probeNeighbors,
  redirectTunnelTap,
  usableNeighbors,
} from "../netdev/tunnel.ts";
import { BackOff } from "./back-off.ts";
import type { DataPlane } from "./dataplane.ts";
import type { PathMtus } from "./path-mtu.ts";
import type { Vtep, Vteps } from "./vteps.ts";

/** How often the kernel is asked whether anything changed: one system call a table. */
const LISTEN_MS = 200;
/** Neighbours and routes may change all the time; they are looked at no more often. Path MTUs change without a word. */
const LOOK_MS = 1000;
/** They are looked at so often whatever the kernel says. */
const PATIENCE_MS = 10_000;
/** VTEPs beyond these go by the sockets: each costs a look at its route. */
const INJECTED_MAX = 256;

export interface InjectionOptions {
  plane: DataPlane;
  vteps: Vteps;
  /** This host's VTEP address, and the interface that has it. */
  own: string;
  device: string;
  mode: InjectionMode;
  pathMtus: PathMtus;
  /** Told when injection is not to be had or is given up, and why; not twice in a row the same. */
  onUnavailable: (why: string) => void;
}

interface Routes {
  /** MAC address of the interface. */
  source: string;
  hops: ReadonlyMap<Vtep, string>;
}

export class Injection {
  readonly #options: InjectionOptions;
  /** By which next hop each VTEP is reached; null while nothing may be injected. */
  #routes: Routes | null = null;
  /** What is in use, as text. */
  readonly #inUse = new Map<Vtep, string>();
  /** INJECT_ALL, or INJECT_LONE while the interface would have superframes cut in software. */
  #what = INJECT_ALL;
  readonly #ended = new AbortController();
  /** By worker, for its TAP. */
  readonly #backOffs: BackOff[];
  #told = "";
  #watching: Promise<void> = Promise.resolve();

  constructor(options: InjectionOptions) {
    this.#options = options;
    this.#backOffs = Array.from({ length: options.plane.workers }, () => new BackOff());
  }

  /** Sets up the underlay TAPs and begins to look. Resolves also when injection is not to be had: then everything goes by the sockets. */
  async start(): Promise<void> {
    const { plane, device, mode } = this.#options;
    const taps = plane.sockets.flatMap(({ tunnelTap }) => tunnelTap ?? []);
    if (mode === "off") return this.#tell("it is turned off");
    if (taps.length < plane.workers) return this.#tell(messageOf(plane.injectionRefused ?? "this backend has none"));
    try {
      if ((await ethernetAddress(device)) === null) return this.#tell(`${device} is no Ethernet interface`);
      for (const { name } of taps) await redirectTunnelTap(name, device);
    } catch (error) {
      return this.#tell(messageOf(error));
    }
    const changes = new HostChanges();
    await this.#try(() => this.#look());
    this.#watching = this.#watch(changes).finally(() => changes.close());
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#watching;
  }

  async #watch(changes: HostChanges): Promise<void> {
    const { signal } = this.#ended;
    let lookedAt = performance.now();
    let neighborsAt = lookedAt;
    let mtusAt = lookedAt;
    let paths = false;
    let neighbors = false;
    let made = this.#options.vteps.made;
    while (!signal.aborted) {
      await sleep(LISTEN_MS, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      const now = performance.now();
      const policies = changes.policies();
      paths = changes.paths() || paths || made !== this.#options.vteps.made;
      neighbors = changes.neighbors() || neighbors;
      // What was added may forbid what is being done: nothing is injected until that is known.
      if (policies) this.#turnOff([...this.#inUse.keys()]);
      if (policies || (paths && now - lookedAt >= LOOK_MS) || now - lookedAt >= PATIENCE_MS) {
        paths = false;
        neighbors = false;
        made = this.#options.vteps.made;
        lookedAt = now;
        neighborsAt = now;
        await this.#try(() => this.#look());
      } else if (neighbors && now - neighborsAt >= LOOK_MS) {
        neighbors = false;
        neighborsAt = now;
        await this.#try(() => this.#lookAtNeighbors());
      }
      if (now - mtusAt >= LOOK_MS) {
        mtusAt = now;
        this.#lookAtWorkers(now);
        for (const { index } of this.#inUse.keys()) this.#options.pathMtus.look(index);
      }
    }
  }

  #tell(why: string): void {
    if (why !== this.#told && why !== "") this.#options.onUnavailable(why);
    this.#told = why;
  }

  async #try(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.#tell(messageOf(error));
      this.#turnOff([...this.#inUse.keys()]);
    }
  }

  async #look(): Promise<void> {
    const { device, mode } = this.#options;
    const source = await ethernetAddress(device);
    const obstacle = source === null ? `${device} has no MAC address` : await this.#obstacle();
    this.#what = mode === "on" || cutsTunnels(device) ? INJECT_ALL : INJECT_LONE;
    this.#routes = source === null || obstacle !== "" ? null : { source, hops: await this.#hops() };
    await this.#lookAtNeighbors();
    const slower = `${device} would have superframes cut in software (ethtool -k: tx-udp_tnl-segmentation, tx-udp_tnl-csum-segmentation)`;
    this.#tell(obstacle || (this.#what === INJECT_ALL ? "" : slower));
  }

  async #obstacle(): Promise<string> {
    const { device, mode } = this.#options;
    return (await xfrmInTheWay()) || queuesInTheWay(device) || (mode === "auto" ? await netfilterInTheWay() : "");
  }

  /** A worker whose TAP refused a superframe goes on with its sockets (host/sys/injector.ts), and tries again later. */
  #lookAtWorkers(now: number): void {
    const { plane } = this.#options;
    for (const [worker, backOff] of this.#backOffs.entries()) {
      if (readInjects(plane.memory, worker)) continue;
      if (backOff.over(now)) {
        plane.entries.allowInjection(worker);
      } else if (!backOff.waiting) {
        const seconds = backOff.refused(now) / 1000;
        this.#options.onUnavailable(`the kernel refused a superframe of worker ${worker}; it is tried again in ${seconds} s`);
      }
    }
  }

  async #hops(): Promise<Map<Vtep, string>> {
    const { own, device, vteps } = this.#options;
    const some = vteps.all.slice(0, INJECTED_MAX);
    const hops = await nextHops(
      own,
      some.map(({ address }) => address),
      device,
    );
    return new Map(some.flatMap((vtep, i) => (hops[i] === null ? [] : [[vtep, hops[i]]])));
  }

  /** By the routes as they were when they were last looked at: all of them cost several processes, neighbours one. */
  async #lookAtNeighbors(): Promise<void> {
    await this.#setAll(this.#routes === null ? new Map() : await this.#wanted(this.#routes));
  }

  /** The headers of all VTEPs that can be injected to now. */
  async #wanted({ source, hops }: Routes): Promise<Map<Vtep, Uint8Array>> {
    const { device } = this.#options;
    const neighbors = await usableNeighbors(device);
    const wanted = new Map<Vtep, Uint8Array>();
    const stale = new Set<string>();
    for (const [vtep, hop] of hops) {
      const neighbor = neighbors.get(hop);
      if (!neighbor) continue;
      wanted.set(vtep, ethernetHeader(neighbor.mac, source, vtep.address));
      if (neighbor.stale) stale.add(hop);
    }
    await probeNeighbors([...stale], device);
    return wanted;
  }

  /** Writes what differs: an old header is turned off, a grace period passes, then the new one is written. */
  async #setAll(wanted: ReadonlyMap<Vtep, Uint8Array>): Promise<void> {
    const { plane } = this.#options;
    const text = (header: Uint8Array | undefined) => header && `${this.#what} ${header.join()}`;
    for (const vtep of this.#inUse.keys()) if (!this.#isThere(vtep)) this.#inUse.delete(vtep);
    const changed = [...new Set([...this.#inUse.keys(), ...wanted.keys()])].filter(
      (vtep) => this.#isThere(vtep) && this.#inUse.get(vtep) !== text(wanted.get(vtep)),
    );
    if (changed.length === 0) return;
    this.#turnOff(changed);
    await plane.published();
    for (const vtep of changed) {
      const header = wanted.get(vtep);
      if (!header || !this.#isThere(vtep)) continue;
      plane.entries.setVtepNextHop(vtep.index, header, this.#what);
      this.#inUse.set(vtep, text(header) as string);
    }
  }

  /** Nothing more is injected to these. */
  #turnOff(vteps: readonly Vtep[]): void {
    for (const vtep of vteps) {
      if (this.#isThere(vtep)) this.#options.plane.entries.setVtepNextHop(vtep.index, null);
      this.#inUse.delete(vtep);
    }
  }

  /** VTEPs go while one waits, and their indices are given to others. */
  #isThere(vtep: Vtep): boolean {
    return this.#options.vteps.at(vtep.index) === vtep;
  }
}
