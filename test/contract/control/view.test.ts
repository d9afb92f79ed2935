// What the API and the metrics are shown, against the tables that it is read from. No worker runs: nothing moves.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../../assembly/abi/index.ts";
import type { Port } from "../../../host/control/port.ts";
import { View } from "../../../host/control/view.ts";
import { workerBlock } from "../../../host/core/layout.ts";
import { parseIp } from "../../../host/model/ip.ts";
import { parseMac } from "../../../host/model/mac.ts";
import { LoopbackPlane, networkConfig } from "./plane.ts";

const WORKERS = 2;
const FAR = "02:42:0a:00:00:02";
const LEARNED = "02:42:0a:00:00:77";
const port = (number: number) => ({
  netns: `c${number}`,
  interface: "eth0",
  addresses: [`10.0.0.${number}/24`],
  mac: `02:42:0a:00:01:0${number}`,
});

describe.each(["native", "dgram"] as const)("the view of a data plane, %s", (backend) => {
  let open: LoopbackPlane;
  let view: View;
  beforeEach(async () => {
    const blue = { peers: ["127.0.0.2", "127.0.0.3"], fdb: [{ mac: FAR, vtep: "127.0.0.4" }], neighbors: [{ ip: "10.0.0.9", mac: FAR }] };
    const networks = [
      networkConfig({ ...blue, ports: [port(1), port(2)] }),
      networkConfig({ name: "red", vni: 43, mtu: 1400, peers: ["127.0.0.3"], ports: [port(3)] }),
    ];
    open = await LoopbackPlane.open(networks, { backend, workers: WORKERS });
    view = new View(open.config, open.plane, open.forwarding);
  });
  afterEach(() => open?.close());
  const words = () => new BigUint64Array(open.plane.memory.buffer);
  const counter = (worker: number, network: number, index: number) =>
    (workerBlock(open.plane.memory, worker) + abi.W_COUNTERS + network * abi.COUNTER_ROW_BYTES) / 8 + index;
  /** What opening port `index` would do. */
  const up = (index: number) => {
    const port = open.forwarding.ports.at(index) as Port;
    port.up = true;
    open.plane.tables.setFdb(port.network.index, parseMac(port.mac), { kind: "port", index, isStatic: true });
  };

  test("node and networks are the file's, with the ports that are up", () => {
    const { name, vtep, dataPort } = open.config.node;
    expect(view.node()).toEqual({ name, vtep, dataPort, backend });
    expect(view.networks()).toEqual([
      { id: "blue", name: "blue", vni: 42, mtu: 1450, ports: 0, peers: 2 },
      { id: "red", name: "red", vni: 43, mtu: 1400, ports: 0, peers: 1 },
    ]);
    up(1);
    up(3);
    expect(view.networks().map((network) => network.ports)).toEqual([1, 1]);
  });

  test("counters are a row for each network and worker, and one for what belongs to none", () => {
    words()[counter(0, 0, abi.C_RECEIVED_UNDERLAY)] = 3n;
    words()[counter(1, 1, abi.C_SENT)] = 2n ** 40n;
    words()[counter(1, 2, abi.C_DROPPED + abi.DROP_PORT_DOWN)] = 5n;
    const rows = view.counters();
    expect(rows.map(({ network, vni, worker }) => `${network} ${vni} ${worker}`).sort()).toEqual(
      [0, 1].flatMap((worker) => [` null ${worker}`, `blue 42 ${worker}`, `red 43 ${worker}`]).sort(),
    );
    const value = (network: string, worker: number, index: number) =>
      rows.find((row) => row.network === network && row.worker === worker)?.values[index];
    expect(value("", 0, abi.C_RECEIVED_UNDERLAY)).toBe(3n);
    expect(value("blue", 1, abi.C_SENT)).toBe(2n ** 40n);
    expect(value("red", 1, abi.C_DROPPED + abi.DROP_PORT_DOWN)).toBe(5n);
    expect(rows.reduce((sum, row) => sum + row.values.reduce((total, each) => total + each, 0n), 0n)).toBe(2n ** 40n + 8n);
  });

  test("statistics are the workers', with what their sockets have dropped", () => {
    const at = (workerBlock(open.plane.memory, 1) + abi.W_STATS) / 8;
    words()[at + abi.S_BREATHS / 8] = 7n;
    words()[at + abi.S_SOCKET_DROPS / 8] = 4n;
    open.plane.pool.restarts[1] = 2;
    const [first, second] = view.stats();
    expect([first.worker, first.restarts, second.worker, second.restarts]).toEqual([0, 0, 1, 2]);
    expect(second.values[abi.S_BREATHS / 8]).toBe(7n);
    // A native worker only repeats what its socket said; a dgram worker drops by itself, beside it.
    expect(second.values[abi.S_SOCKET_DROPS / 8]).toBe(backend === "native" ? 0n : 4n);
  });

  test("FDB rows name ports and VTEPs as the file does", () => {
    up(2);
    open.plane.tables.setFdb(2, parseMac(LEARNED), {
      kind: "vtep",
      index: open.forwarding.vteps.place("127.0.0.3").index,
      isStatic: false,
    });
    new Uint32Array(open.plane.memory.buffer, abi.HEADER)[abi.H_TICK / 4] += 25;
    const rows = view.fdb().sort((a, b) => a.mac.localeCompare(b.mac));
    expect(rows).toEqual([
      { network: "blue", vni: 42, mac: FAR, port: null, vtep: "127.0.0.4", state: "static", ageSeconds: null },
      { network: "red", vni: 43, mac: LEARNED, port: null, vtep: "127.0.0.3", state: "learned", ageSeconds: 2.5 },
      { network: "blue", vni: 42, mac: port(2).mac, port: "c2/eth0", vtep: null, state: "static", ageSeconds: null },
    ]);
    expect(view.fdbSizes()).toEqual([
      { network: "blue", vni: 42, configured: 2, learned: 0 },
      { network: "red", vni: 43, configured: 0, learned: 1 },
    ]);
    const { networks } = open.forwarding;
    networks.get("red").moves = 3;
    networks.get("blue").refused = 4;
    expect(view.fdbMoves().map(({ moves }) => moves)).toEqual([0, 3]);
    expect(view.fdbRefused().map(({ refused }) => refused)).toEqual([4, 0]);
  });

  test("neighbours are those of the networks, not the VTEPs beside them", () => {
    open.plane.tables.setNeighbor(2, parseIp("fd00::2"), parseMac(LEARNED));
    const rows = view.neighbors().sort((a, b) => a.ip.localeCompare(b.ip));
    expect(rows).toEqual([
      { network: "blue", vni: 42, ip: "10.0.0.1", mac: port(1).mac },
      { network: "blue", vni: 42, ip: "10.0.0.2", mac: port(2).mac },
      { network: "red", vni: 43, ip: "10.0.0.3", mac: port(3).mac },
      { network: "blue", vni: 42, ip: "10.0.0.9", mac: FAR },
      { network: "red", vni: 43, ip: "fd00::2", mac: LEARNED },
    ]);
  });

  test("VTEPs have their path's MTU, and the networks that accept them", () => {
    const { vteps } = open.forwarding;
    open.plane.entries.setVtepMtu(vteps.place("127.0.0.2").index, 1350);
    vteps.place("127.0.0.99");
    const dataPort = open.config.node.dataPort;
    const rows = view.vteps().sort((a, b) => a.address.localeCompare(b.address));
    expect(rows).toEqual([
      { address: "127.0.0.2", port: dataPort, mtu: 1350, networks: ["blue"], superframes: "sockets", suspended: false },
      { address: "127.0.0.3", port: dataPort, mtu: 1450, networks: ["blue", "red"], superframes: "sockets", suspended: false },
      { address: "127.0.0.4", port: dataPort, mtu: 1450, networks: ["blue"], superframes: "sockets", suspended: false },
      // Learned from an unlisted source: nobody's peer.
      { address: "127.0.0.99", port: dataPort, mtu: 1450, networks: [], superframes: "sockets", suspended: false },
    ]);
  });

  test("ports say whether they are up", () => {
    up(3);
    expect(view.ports()).toEqual([
      { network: "blue", vni: 42, netns: "c1", interface: "eth0", up: false, txDropped: 0 },
      { network: "blue", vni: 42, netns: "c2", interface: "eth0", up: false, txDropped: 0 },
      { network: "red", vni: 43, netns: "c3", interface: "eth0", up: true, txDropped: 0 },
    ]);
    expect(view.offloads()).toEqual([
      { offload: "tap_tso", active: true },
      { offload: "tap_uso", active: false },
      { offload: "udp_segment", active: backend === "native" },
      { offload: "udp_gro", active: backend === "native" },
      { offload: "tunnel_gso", active: false },
    ]);
    open.plane.setFeatures(abi.FEATURE_USO);
    expect(view.offloads()[1]).toEqual({ offload: "tap_uso", active: true });
    expect(view.udpChecksumErrors()).toBeGreaterThanOrEqual(0);
    expect(view.vtepPresent()).toBe(true);
  });
});
