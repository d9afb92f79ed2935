// The data path as the API and the metrics see it (host/model/view.ts). Every call reads the shared memory anew. Main thread.

import * as abi from "../../assembly/abi/index.ts";
import { addressEntries, type FdbEntry, fdbEntries, readCounters, readInjects, readStats } from "../core/read.ts";
import type { StaticConfig } from "../model/config.ts";
import { formatIp } from "../model/ip.ts";
import { formatMac } from "../model/mac.ts";
import type * as model from "../model/view.ts";
import { udpChecksumErrors } from "../sys/snmp.ts";
import { socketDrops } from "../sys/udp.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Network, Vteps } from "./networks.ts";
import type { Ports } from "./ports.ts";

export class View implements model.DataPlaneView {
  readonly #config: StaticConfig;
  readonly #plane: DataPlane;
  readonly #networks: readonly Network[];
  readonly #vteps: Vteps;
  readonly #ports: Ports;

  constructor(config: StaticConfig, plane: DataPlane, networks: readonly Network[], vteps: Vteps, ports: Ports) {
    this.#config = config;
    this.#plane = plane;
    this.#networks = networks;
    this.#vteps = vteps;
    this.#ports = ports;
  }

  node(): model.NodeView {
    return { ...this.#config.node, backend: this.#config.backend };
  }

  networks(): model.NetworkView[] {
    return this.#networks.map(({ config, mtu, peers, index }) => ({
      name: config.name,
      vni: config.vni,
      mtu,
      ports: this.#ports.all.filter((port) => port.up && port.network.index === index).length,
      peers: peers.length,
    }));
  }

  counters(): model.CounterRow[] {
    const places = [{ network: "", vni: null, index: 0 }, ...this.#networks.map((each) => ({ ...this.#name(each), index: each.index }))];
    return this.#workers().flatMap((worker) =>
      places.map(({ network, vni, index }) => ({ network, vni, worker, values: readCounters(this.#plane.memory, worker, index) })),
    );
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
    return [...fdbEntries(this.#plane.memory)].map((entry) => this.#fdbRow(entry));
  }

  neighbors(): model.NeighborRow[] {
    return [...addressEntries(this.#plane.memory)]
      .filter(({ space }) => space !== abi.SPACE_VTEP)
      .map(({ space, address, value }) => ({ ...this.#name(this.#networks[space - 1]), ip: formatIp(address), mac: formatMac(value) }));
  }

  vteps(): model.VtepRow[] {
    const injecting = this.#workers().some((worker) => readInjects(this.#plane.memory, worker));
    return this.#vteps.addresses.slice(1).map((address, i) => {
      const row = this.#plane.entries.vtep(i + 1);
      const networks = this.#networks.filter(({ sources }) => sources.includes(i + 1)).map(({ config }) => config.name);
      const superframes = row[abi.V_INJECT / 4] === abi.INJECT_ALL && injecting ? "injected" : "sockets";
      return { address, port: row[abi.V_PORT / 4], mtu: row[abi.V_MTU / 4], networks, superframes };
    });
  }

  fdbSizes(): { network: string; vni: number; configured: number; learned: number }[] {
    return this.#networks.map((network) => {
      const row = this.#plane.entries.network(network.index);
      return { ...this.#name(network), configured: row[abi.N_STATIC / 4], learned: row[abi.N_LEARNED / 4] };
    });
  }

  udpChecksumErrors(): number {
    return udpChecksumErrors();
  }

  fdbMoves(): { network: string; vni: number; moves: number }[] {
    return this.#networks.map((network) => ({ ...this.#name(network), moves: network.moves }));
  }

  fdbRefused(): { network: string; vni: number; refused: number }[] {
    return this.#networks.map((network) => ({ ...this.#name(network), refused: network.refused }));
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
    return this.#ports.all.map((port) => ({
      ...this.#name(port.network),
      netns: port.config.netns,
      interface: port.config.interface,
      up: port.up,
      txDropped: this.#ports.txDropped(port),
    }));
  }

  #workers(): number[] {
    return Array.from({ length: this.#plane.workers }, (_, worker) => worker);
  }

  #name({ config }: Network): { network: string; vni: number } {
    return { network: config.name, vni: config.vni };
  }

  #fdbRow({ network, mac, target, ageTicks }: FdbEntry): model.FdbRow {
    const port = target.kind === "port" ? this.#ports.all[target.index - 1] : undefined;
    return {
      ...this.#name(this.#networks[network - 1]),
      mac: formatMac(mac),
      port: port ? `${port.config.netns}/${port.config.interface}` : null,
      vtep: target.kind === "vtep" ? this.#vteps.addresses[target.index] : null,
      state: target.isStatic ? "static" : "learned",
      ageSeconds: target.isStatic ? null : (ageTicks * abi.TICK_MS) / 1000,
    };
  }
}
