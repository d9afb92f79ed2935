// A data path with everything around it that is the same whoever says what is forwarded, a file or a cluster: memory and sockets, tables and
// ports, learning, path MTUs, injection. Nothing is forwarded until start(). Main thread.

import type { Logger } from "pino";
import { DataPlane } from "../control/dataplane.ts";
import { Forwarding } from "../control/forwarding.ts";
import { Injection } from "../control/injection.ts";
import { Learning } from "../control/learning.ts";
import { PathMtus } from "../control/path-mtu.ts";
import type { OwnPort } from "../control/port.ts";
import type { PortPlace } from "../control/port-record.ts";
import type { PortEvent } from "../control/ports.ts";
import { View } from "../control/view.ts";
import type { StaticConfig } from "../model/config.ts";
import { findUnderlay, type Underlay } from "../netdev/underlay.ts";

export class DataPath {
  readonly underlay: Underlay;
  readonly plane: DataPlane;
  readonly forwarding: Forwarding;
  readonly view: View;
  readonly pathMtus: PathMtus;
  readonly #learning: Learning;
  readonly #injection: Injection;
  #started = false;

  private constructor(config: StaticConfig, record: string, underlay: Underlay, log: Logger) {
    this.underlay = underlay;
    const plane = new DataPlane(config, ({ worker, message }) => log.error({ worker, message }, "the worker ended and is replaced"));
    this.plane = plane;
    this.forwarding = new Forwarding({
      plane,
      node: config.node,
      underlayMtu: underlay.mtu,
      fdbCapacity: config.fdbCapacity,
      record,
      log: (port, event, detail) => tellPort(log, port, event, detail),
      onLeftover: (place, why) => tellLeftover(log, place, why),
    });
    this.view = new View(config, plane, this.forwarding);
    const { vteps } = this.forwarding;
    const { vtep: own, dataPort } = config.node;
    this.pathMtus = new PathMtus({ plane, vteps, own, dataPort, onPathMtu: (vtep, mtu) => tellPathMtu(log, vtep, mtu, vteps.mtu) });
    this.#learning = new Learning({ plane, forwarding: this.forwarding, pathMtus: this.pathMtus });
    this.#injection = new Injection({
      plane,
      vteps,
      own,
      device: underlay.interface,
      mode: config.injection,
      pathMtus: this.pathMtus,
      onUnavailable: (why) => log.info({ why }, "superframes go by the sockets: injection is not to be had"),
    });
  }

  /** `record`: the file in which it is kept which interfaces there are; `place`: where the user said the VTEP address. Rejects with OperationError or SysError, with nothing left open. */
  static async open(config: StaticConfig, record: string, log: Logger, place?: string): Promise<DataPath> {
    return new DataPath(config, record, await findUnderlay(config.node.vtep, place), log);
  }

  /** The workers begin to breathe. Rejects with OperationError; stop() is then still to be called. */
  async start(): Promise<void> {
    this.#started = true;
    await this.plane.start();
    this.#learning.start();
    await this.#injection.start();
    this.forwarding.watch();
  }

  /** Ends everything and closes everything; `end` says what becomes of the ports, once nothing is learned and nothing injected any more. */
  async stop(end: (forwarding: Forwarding) => Promise<void>): Promise<void> {
    if (this.#started) {
      await this.#injection.stop();
      this.#learning.stop();
      this.pathMtus.stop();
    }
    try {
      await end(this.forwarding);
    } finally {
      await this.plane.close();
    }
  }
}

function tellPort(log: Logger, { config, network }: OwnPort, event: PortEvent, detail: string | undefined): void {
  const place = { netns: config.netns, interface: config.interface, network: network.name, detail };
  log[event === "failed" ? "error" : event === "lost" ? "warn" : "info"](place, `port ${event}`);
}

/** One that cannot be removed: its namespace is gone, and the interface with it; or the interface is somebody else's now. */
function tellLeftover(log: Logger, place: PortPlace, why: string | undefined): void {
  if (why === undefined) log.info(place, "removed what an earlier agent left");
  else log.info({ ...place, message: why }, "nothing to remove of what an earlier agent left");
}

function tellPathMtu(log: Logger, vtep: string, mtu: number, full: number): void {
  if (mtu < full) log.warn({ vtep, mtu }, "the path carries less: inner MTU lowered");
  else log.info({ vtep, mtu }, "the path carries the full size again: inner MTU raised");
}
