// `weft agent --config FILE`: the composition root of static mode. Everything that can be wrong is found before anything is created; what is
// created is removed on SIGTERM and SIGINT, and when the start fails half-way. Logs go to stderr, `weft ready …` to stdout.

import { once } from "node:events";
import pino, { type Logger } from "pino";
import { serveApi } from "../api/server.ts";
import { readConfig } from "../config/read.ts";
import { DataPlane } from "../control/dataplane.ts";
import { Learning } from "../control/learning.ts";
import { Vteps, writeNetworks } from "../control/networks.ts";
import { readRecord, recordPath, removeRecord, writeRecord } from "../control/port-record.ts";
import { Ports } from "../control/ports.ts";
import { View } from "../control/view.ts";
import { serveMetrics } from "../metrics/server.ts";
import type { StaticConfig } from "../model/config.ts";
import { messageOf, UsageError } from "../model/errors.ts";
import { netnsId, netnsPath } from "../netdev/netns-path.ts";
import { removePort } from "../netdev/port.ts";
import { findUnderlay } from "../netdev/underlay.ts";
import { assertCanRun } from "../sys/capabilities.ts";
import { notifySystemd } from "../sys/sd-notify.ts";

type Undo = () => void | Promise<void>;

/** Runs the agent until SIGTERM or SIGINT. Rejects with UsageError or OperationError, having created nothing or removed it again. */
export async function runAgent(configFile: string): Promise<void> {
  const config = readConfig(configFile);
  const log = pino({ base: { node: config.node.name }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  assertCanRun();
  assertNetnsExist(config, configFile);
  const stop = signalled();
  const undo: Undo[] = [];
  try {
    await start(config, log, undo);
    process.stdout.write(`weft ready node=${config.node.name} vtep=${config.node.vtep}:${config.node.dataPort} socket=${config.socket}\n`);
    notifySystemd("READY=1");
    log.info({ signal: await stop }, "stopping");
    notifySystemd("STOPPING=1");
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Missing namespaces are told with their place in the file. */
function assertNetnsExist(config: StaticConfig, file: string): void {
  config.networks.forEach((network, n) => {
    network.ports.forEach((port, p) => {
      try {
        netnsId(netnsPath(port.netns));
      } catch (error) {
        throw new UsageError(`${file}: networks[${n}].ports[${p}].netns: ${messageOf(error)}`, { cause: error });
      }
    });
  });
}

/** Resolves with the signal's name. A second one ends the process at once. */
async function signalled(): Promise<string> {
  const controller = new AbortController();
  const wait = (name: string) => once(process, name, { signal: controller.signal }).then(() => name);
  const name = await Promise.race(["SIGTERM", "SIGINT"].map(wait));
  controller.abort();
  return name;
}

async function start(config: StaticConfig, log: Logger, undo: Undo[]): Promise<void> {
  const underlay = await findUnderlay(config.node.vtep);
  const plane = new DataPlane(config, ({ worker, message }) => log.error({ worker, message }, "the worker ended and is replaced"));
  undo.push(() => plane.close());
  const vteps = new Vteps(plane.entries, plane.tables, config.node.dataPort, underlay.mtu, config.node.vtep);
  const networks = writeNetworks(config, plane.entries, plane.tables, vteps);
  const ports = new Ports(plane, networks, config.node.name, (port, event, detail) => {
    const place = { netns: port.config.netns, interface: port.config.interface, network: port.network.config.name, detail };
    log[event === "failed" ? "error" : event === "lost" ? "warn" : "info"](place, `port ${event}`);
  });
  const view = new View(config, plane, networks, vteps, ports);

  const api = await serveApi(config.socket, view);
  undo.push(() => api.close());
  if (config.metrics) {
    const metrics = await serveMetrics(config.metrics, view);
    undo.push(() => metrics.close());
  }

  await clearLeftovers(config, ports, log);
  const record = recordPath(config.socket);
  writeRecord(
    record,
    ports.all.map((port) => ({ netnsPath: port.netnsPath, interface: port.config.interface })),
  );
  undo.push(() => removeRecord(record));
  await ports.open();
  // Undone in reverse: first the workers stop, then the ports' descriptors are closed.
  undo.push(
    () => ports.remove(),
    () => plane.stopWorkers(),
  );

  const learning = new Learning({
    plane,
    networks,
    vteps,
    vtep: config.node.vtep,
    dataPort: config.node.dataPort,
    onPortGone: (port) => void ports.gone(port).catch((error) => log.error({ message: messageOf(error) }, "port could not be closed")),
    onPathMtu: (vtep, mtu) => log.warn({ vtep, mtu }, "the path carries less: inner MTU lowered"),
  });
  plane.start();
  learning.start();
  ports.watch();
  undo.push(() => learning.stop());
  log.info({ underlay, workers: config.workers, backend: config.backend, networks: networks.length, ports: ports.all.length }, "ready");
}

/** Ports that a killed agent made and that this configuration does not have. */
async function clearLeftovers(config: StaticConfig, ports: Ports, log: Logger): Promise<void> {
  const wanted = new Set(ports.all.map((port) => `${port.netnsPath} ${port.config.interface}`));
  for (const left of readRecord(recordPath(config.socket))) {
    if (wanted.has(`${left.netnsPath} ${left.interface}`)) continue;
    try {
      await removePort(left);
      log.info(left, "removed what an earlier agent left");
    } catch (error) {
      // Its namespace is gone, and the interface with it; or the interface is somebody else's now.
      log.info({ ...left, message: messageOf(error) }, "nothing to remove of what an earlier agent left");
    }
  }
}
