// A data path of this process on loopback: its own UDP port, no interfaces.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsOf } from "../../../host/follow/settings.ts";
import type { StaticConfig } from "../../../host/model/config.ts";
import type { DesiredNetwork } from "../../../host/model/forwarding.ts";

const LOOPBACK = "127.0.0.1";

export async function loopbackConfig(): Promise<StaticConfig> {
  const socket = createSocket("udp4").bind(0, LOOPBACK);
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return {
    node: { name: "a", vtep: LOOPBACK, dataPort: port },
    workers: 1,
    backend: "native",
    injection: "off",
    zeroChecksum6: false,
    pinWorkers: true,
    spin: 0,
    metrics: null,
    socket: "",
    fdbCapacity: 4096,
    networks: [],
  };
}

export function desiredNetwork(name: string, changes: Partial<DesiredNetwork> = {}): DesiredNetwork {
  const settings = settingsOf({ name, vni: 5000, mtu: null });
  return { settings, peers: new Set(), fdb: new Map(), neighbors: new Map(), ports: new Map(), ...changes };
}

/** Where the interfaces that there are would be kept; removed with `undo`. */
export function recordFile(undo: (() => unknown)[]): string {
  const directory = mkdtempSync(join(tmpdir(), "weft-data-path-"));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "ports.json");
}
