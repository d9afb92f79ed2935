// The probe port as workers use it: a frame sent there is a VXLAN datagram of the data path, and what comes for its MAC address is handed over. No root.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openWire, type ProbeWire } from "../../../host/cluster/probe/wire.ts";
import { openProbePort, type ProbePort } from "../../../host/control/probe-port.ts";
import { readCounters } from "../../../host/core/read.ts";
import { PROBE_VNI } from "../../../host/model/cluster/records.ts";
import type { Backend } from "../../../host/model/config.ts";
import { formatMac } from "../../../host/model/mac.ts";
import { countersOf } from "../../oracle/counters.ts";
import { ethernet, vxlan } from "../../oracle/wire.ts";
import { LoopbackPlane, networkConfig } from "./plane.ts";

const PEER = "127.0.0.2";
const MINE = 0x020000000001;
const THEIRS = 0x020000000002;
const ETHER_TYPE = 0x88b5;

let open: LoopbackPlane;
let port: ProbePort;
let wire: ProbeWire;
/** The other host's data port. */
let peer: Socket;
let received: Buffer[];

async function start(backend: Backend): Promise<void> {
  const fdb = [{ mac: formatMac(THEIRS), vtep: PEER }];
  open = await LoopbackPlane.open([networkConfig({ name: "probes", vni: PROBE_VNI, learning: false, probes: true, fdb })], { backend });
  port = openProbePort();
  wire = await openWire(port.hostFd);
  const { plane } = open;
  plane.entries.setPort(1, { fd: port.fd, owner: 0, network: 1, mac: MINE });
  plane.tables.setFdb(1, MINE, { kind: "port", index: 1, isStatic: true });
  await open.start();
  received = [];
  peer = createSocket("udp4").on("message", (datagram: Buffer) => received.push(datagram));
  const listening = once(peer, "listening");
  peer.bind(open.config.node.dataPort, PEER);
  await listening;
}

describe.each(["native", "dgram"] as const)("with the %s backend", (backend) => {
  beforeEach(() => start(backend));
  afterEach(async () => {
    peer.close();
    await open.close();
    wire.close();
    port.close();
  });

  test("frames of every size up to the MTU go both ways, one datagram each, to a suspended VTEP too", async () => {
    open.plane.entries.setVtepSuspended(1, true);
    const sizes = [1, 2, 100, 1449, 1450];
    for (const size of sizes) wire.send(ethernet({ to: THEIRS, from: MINE }, ETHER_TYPE, new Uint8Array(size).fill(size)));
    await open.until("the datagrams", () => received.length === sizes.length);
    const wanted = sizes.map((size) => vxlan(PROBE_VNI, ethernet({ to: THEIRS, from: MINE }, ETHER_TYPE, new Uint8Array(size).fill(size))));
    const sorted = (list: Uint8Array[]) => list.map((bytes) => Buffer.from(bytes).toString("hex")).sort();
    expect(sorted(received)).toEqual(sorted(wanted));

    const back: Uint8Array[] = [];
    wire.onFrame((frame) => back.push(frame));
    const frames = sizes.map((size) => ethernet({ to: MINE, from: THEIRS }, ETHER_TYPE, new Uint8Array(size).fill(size)));
    for (const frame of frames) await open.send(PEER, [vxlan(PROBE_VNI, frame)]);
    await open.until("the frames", () => back.length === sizes.length);
    expect(sorted(back)).toEqual(sorted(frames));
  });

  test("what it did not send itself, or is too large, does not leave", async () => {
    wire.send(ethernet({ to: THEIRS, from: THEIRS }, ETHER_TYPE, new Uint8Array(10)));
    wire.send(ethernet({ to: THEIRS, from: MINE }, ETHER_TYPE, new Uint8Array(1451)));
    wire.send(ethernet({ to: THEIRS, from: MINE }, ETHER_TYPE, new Uint8Array(20)));
    await open.until("the one", () => received.length > 0);
    expect(received.map(({ length }) => length)).toEqual([8 + 14 + 20]);
    expect(countersOf(readCounters(open.plane.memory, 0, 1))).toMatchObject({ drop_vxlan_entry_exists: 1, drop_pkt_too_big: 1, sent: 1 });
  });
});

test("nothing stays open, also when it is closed before it was used", async () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  for (let i = 0; i < 20; i++) openProbePort().close();
  await expect.poll(descriptors).toBeLessThanOrEqual(before);
});
