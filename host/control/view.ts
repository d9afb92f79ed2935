// The data path as the API and the metrics see it (host/model/view.ts). Every call reads the shared memory anew. Main thread.

import * as abi from "../../assembly/abi/index.ts";
import { addressEntries, type FdbEntry, fdbEntries, readCounters, readInjects, readStats } from "../core/read.ts";
import type { StaticConfig } from "../model/config.ts";
import { formatIp } from "../model/ip.ts";
import { formatMac } from "../model/mac.ts";
import type * as model from "../model/view.ts";
import { hasAddress } from "../netdev/own-address.ts";
import { udpChecksumErrors } from "../sys/snmp.ts";
import { socketDrops } from "../sys/udp.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Forwarding } from "./forwarding.ts";
import { type Network, sourcesOf } from "./networks.ts";
import { isOwn, type OwnPort } from "./port.ts";

export class View implements model.DataPlaneView {
  readonly #config: Pick<StaticConfig, "node" | "backend">;
  readonly #plane: DataPlane;
  readonly #forwarding: Forwarding;

  constructor(config: Pick<StaticConfig, "node" | "backend">, plane: DataPlane, forwarding: Forwarding) {
    this.#config = config;
    this.#plane = plane;
    this.#forwarding = forwarding;
  }

  node(): model.NodeView {
    return { ...this.#config.node, backend: this.#config.backend };
  }

  networks(): model.NetworkView[] {
    const { networks, ports } = this.#forwarding;
    return networks.all.map((network) => ({
      id: network.key,
      name: network.name,
      vni: network.settings.vni,
      mtu: network.mtu,
      ports: ports.of(network).filter(({ up }) => up).length,
      peers: network.peers.size,
    }));
  }

  counters(): model.CounterRow[] {
    const { networks } = this.#forwarding;
    return this.#workers().flatMap((worker) => [
      { network: "", vni: null, worker, values: this.#ofNoNetwork(worker) },
      ...networks.all.map((each) => ({ ...this.#name(each), worker, values: readCounters(this.#plane.memory, worker, each.index) })),
    ]);
  }

  stats(): model.WorkerStats[] {
    return this.#workers().map((worker) => {
      const values = readStats(this.#plane.memory, worker);
      // The kernel tells a worker of drops with the next datagram that fits; the socket knows now. A dgram worker counts its own.
      const kernel = BigInt(socketDrops(this.#plane.sockets[worker].receiver));
      values[abi.S_SOCKET_DROPS / 8] = this.#config.backend === "native" ? kernel : values[abi.S_SOCKET_DROPS / 8] + kernel;
      return { worker, values, restarts: this.#plane.pool.restarts[worker] };
    });
  }

  fdb(): model.FdbRow[] {
    return [...fdbEntries(this.#plane.memory)].flatMap((entry) => this.#fdbRow(entry));
  }

  neighbors(): model.NeighborRow[] {
    return [...addressEntries(this.#plane.memory)].flatMap(({ space, address, value }) => {
      const network = this.#forwarding.networks.at(space);
      return network ? [{ ...this.#name(network), ip: formatIp(address), mac: formatMac(value) }] : [];
    });
  }

  vteps(): model.VtepRow[] {
    const { networks, vteps } = this.#forwarding;
    const injecting = this.#workers().every((worker) => readInjects(this.#plane.memory, worker));
    const sources = networks.all.map((network) => ({ name: network.name, vteps: sourcesOf(network) }));
    return vteps.all.map((vtep) => {
      const row = this.#plane.entries.vtep(vtep.index);
      const named = sources.filter((source) => source.vteps.has(vtep)).map(({ name }) => name);
      const superframes = row[abi.V_INJECT / 4] === abi.INJECT_ALL && injecting ? "injected" : "sockets";
      const suspended = row[abi.V_SUSPENDED / 4] !== 0;
      return { address: vtep.address, port: row[abi.V_PORT / 4], mtu: row[abi.V_MTU / 4], networks: named, superframes, suspended };
    });
  }

  fdbSizes(): { network: string; vni: number; configured: number; learned: number }[] {
    return this.#forwarding.networks.all.map((network) => {
      const row = this.#plane.entries.network(network.index);
      return { ...this.#name(network), configured: row[abi.N_STATIC / 4], learned: row[abi.N_LEARNED / 4] };
    });
  }

  control(): model.ControlView {
    return this.#forwarding.view();
  }

  udpChecksumErrors(): number {
    return udpChecksumErrors();
  }

  vtepPresent(): boolean {
    return hasAddress(this.#config.node.vtep);
  }

  fdbMoves(): { network: string; vni: number; moves: number }[] {
    return this.#forwarding.networks.all.map((network) => ({ ...this.#name(network), moves: network.moves }));
  }

  fdbRefused(): { network: string; vni: number; refused: number }[] {
    return this.#forwarding.networks.all.map((network) => ({ ...this.#name(network), refused: network.refused }));
  }

  offloads(): model.OffloadView[] {
    const { memory } = this.#plane;
    const isNative = this.#config.backend === "native";
    const features = new Uint32Array(memory.buffer, abi.HEADER)[abi.H_FEATURES / 4];
    const segments = this.#workers().every((worker) => readStats(memory, worker)[abi.S_GSO_OFF / 8] === 0n);
    return [
      { offload: "tap_tso", active: true },
      { offload: "tap_uso", active: (features & abi.FEATURE_USO) !== 0 },
      { offload: "udp_segment", active: isNative && segments },
      { offload: "udp_gro", active: isNative },
      { offload: "tunnel_gso", active: this.vteps().some(({ superframes }) => superframes === "injected") },
    ];
  }

  ports(): model.PortView[] {
    const { ports } = this.#forwarding;
    return ports.all.filter(isOwn).map((port: OwnPort) => ({
      ...this.#name(port.network),
      netns: port.config.netns,
      interface: port.config.interface,
      up: port.up,
      txDropped: ports.txDropped(port),
    }));
  }

  #workers(): number[] {
    return Array.from({ length: this.#plane.workers }, (_, worker) => worker);
  }

  /** Row 0, and what was counted in networks that are no more. */
  #ofNoNetwork(worker: number): BigUint64Array {
    const former = this.#forwarding.networks.former.counters(worker);
    return readCounters(this.#plane.memory, worker, 0).map((value, i) => value + former[i]);
  }

  #name({ name, settings }: Network): { network: string; vni: number } {
    return { network: name, vni: settings.vni };
  }

  #fdbRow({ network, mac, target, ageTicks }: FdbEntry): model.FdbRow[] {
    const found = this.#forwarding.networks.at(network);
    if (!found) return [];
    return [
      {
        ...this.#name(found),
        mac: formatMac(mac),
        port: target.kind === "port" ? (this.#forwarding.ports.at(target.index)?.key ?? null) : null,
        vtep: target.kind === "vtep" ? (this.#forwarding.vteps.at(target.index)?.address ?? null) : null,
        state: target.isStatic ? "static" : "learned",
        ageSeconds: target.isStatic ? null : (ageTicks * abi.TICK_MS) / 1000,
      },
    ];
  }
}
