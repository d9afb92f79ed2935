// A data plane at rest, for the tests of what reads one (API, metrics, command line): two hosts' worth of plain numbers.

import { COUNTERS } from "../../assembly/abi/counter.ts";
import type { DataPlaneView, PoolFiguresView, ProbesView, WorkerStats } from "../../host/model/view.ts";

/** A row of counters with these set. */
export function row(values: Record<number, number | bigint> = {}): BigUint64Array {
  const counters = new BigUint64Array(COUNTERS);
  for (const [index, value] of Object.entries(values)) counters[Number(index)] = BigInt(value);
  return counters;
}

/** The words of a worker, by byte offset. */
export function words(values: Record<number, number> = {}): BigUint64Array {
  const stats = new BigUint64Array(32);
  for (const [offset, value] of Object.entries(values)) stats[Number(offset) / 8] = BigInt(value);
  return stats;
}

export function workers(count: number): WorkerStats[] {
  return Array.from({ length: count }, (_, worker) => ({ worker, values: words(), restarts: 0 }));
}

/** A view that answers so, with `part` in place of some of it. */
export function sampleView(part: Partial<DataPlaneView> = {}): DataPlaneView {
  return {
    node: () => ({ name: "a", vtep: "10.99.0.1", dataPort: 4789, backend: "native" }),
    networks: () => [
      { id: "7blue", name: "blue", vni: 42, mtu: 1450, ports: 1, peers: 1 },
      { id: "7red", name: "red", vni: 43, mtu: 1400, ports: 0, peers: 2 },
    ],
    counters: () => [
      { network: "", vni: null, worker: 0, values: row() },
      { network: "blue", vni: 42, worker: 0, values: row() },
      { network: "red", vni: 43, worker: 0, values: row() },
    ],
    stats: () => workers(1),
    fdb: () => [
      { network: "blue", vni: 42, mac: "02:42:0a:00:00:01", port: "pcA/eth0", vtep: null, state: "static", ageSeconds: null },
      { network: "blue", vni: 42, mac: "02:42:0a:00:00:02", port: null, vtep: "10.99.0.2", state: "learned", ageSeconds: 12 },
      { network: "red", vni: 43, mac: "02:42:0a:00:00:02", port: null, vtep: "10.99.0.3", state: "learned", ageSeconds: 0 },
    ],
    neighbors: () => [
      { network: "blue", vni: 42, ip: "10.0.0.2", mac: "02:42:0a:00:00:02" },
      { network: "red", vni: 43, ip: "fd00::2", mac: "02:42:0a:00:00:02" },
    ],
    vteps: () => [
      { address: "10.99.0.2", port: 4789, mtu: 1450, networks: ["blue", "red"], superframes: "sockets", suspended: false },
      { address: "10.99.0.3", port: 4789, mtu: 1400, networks: ["red"], superframes: "injected", suspended: false },
    ],
    fdbSizes: () => [
      { network: "blue", vni: 42, configured: 1, learned: 1 },
      { network: "red", vni: 43, configured: 0, learned: 1 },
    ],
    udpChecksumErrors: () => 0,
    vtepPresent: () => true,
    control: () => ({
      drift: 0,
      corrections: 2,
      failures: 1,
      reconciles: { bounds: [0.01, 0.1], counts: [3, 1, 0], sum: 0.05 },
      convergences: { bounds: [0.01, 0.1], counts: [5, 2, 1], sum: 0.5 },
    }),
    offloads: () => [
      { offload: "udp_segment", active: true },
      { offload: "tunnel_gso", active: false },
    ],
    fdbMoves: () => [
      { network: "blue", vni: 42, moves: 3 },
      { network: "red", vni: 43, moves: 0 },
    ],
    fdbRefused: () => [
      { network: "blue", vni: 42, refused: 0 },
      { network: "red", vni: 43, refused: 7 },
    ],
    ports: () => [{ network: "blue", vni: 42, netns: "pcA", interface: "eth0", up: true, txDropped: 5 }],
    ...part,
  };
}

/** A subnet, a pool and VNIs. */
export function samplePools(): PoolFiguresView {
  return {
    subnets: () => [{ network: "blue", vni: 4096, subnet: "10.0.0.0/24", used: 3, resting: 1, free: 249 }],
    pools: () => [{ pool: "10.0.0.0/8 by /24", used: 1, free: 65_535 }],
    vnis: () => ({ used: 1, free: 16_773_118 }),
  };
}

/** One peer that answers, and one that does not. */
export function sampleProbes(): ProbesView {
  return {
    probes: () => [
      { vtep: "10.99.0.2", suspect: false, rttSeconds: 0.00025, loss: 0.125, pathMtu: 1500, answered: 56, lost: 8, forgotten: 1 },
      { vtep: "10.99.0.3", suspect: true, rttSeconds: null, loss: 1, pathMtu: null, answered: 0, lost: 70, forgotten: 0 },
    ],
    refused: () => [{ reason: "unauthentic", frames: 2 }],
  };
}
