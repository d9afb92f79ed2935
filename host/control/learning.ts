// What workers noticed, put into the tables: learned addresses and their moves, path MTUs, ports that went. Woken by the doorbell that
// workers ring once a breath; ageing runs once a second. Main thread only.

import { setImmediate as immediate } from "node:timers/promises";
import * as abi from "../../assembly/abi/index.ts";
import { type CoreEvent, EventRing } from "../core/events.ts";
import type { TableAnswer } from "../core/tables.ts";
import { formatIp } from "../model/ip.ts";
import type { DataPlane } from "./dataplane.ts";
import type { Forwarding } from "./forwarding.ts";
import type { PathMtus } from "./path-mtu.ts";

const AGEING_MS = 1000;
/** Events are looked for at least so often, whatever the doorbell says. */
const PATIENCE_MS = 1000;

export interface LearningOptions {
  plane: DataPlane;
  forwarding: Forwarding;
  pathMtus: PathMtus;
}

export class Learning {
  readonly #options: LearningOptions;
  readonly #header: Int32Array<ArrayBufferLike>;
  /** One a worker. */
  readonly #rings: readonly EventRing[];
  #ageing: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: LearningOptions) {
    this.#options = options;
    this.#header = new Int32Array(options.plane.memory.buffer, abi.HEADER);
    this.#rings = Array.from({ length: options.plane.workers }, (_, worker) => new EventRing(options.plane.memory, worker));
    options.forwarding.onGrace(() => this.#takeAll());
  }

  start(): void {
    this.#ageing = setInterval(() => this.#options.plane.tables.age(), AGEING_MS);
    void this.#listen();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#ageing);
    Atomics.notify(this.#header, abi.H_DOORBELL / 4);
  }

  async #listen(): Promise<void> {
    while (!this.#stopped) {
      const rung = Atomics.load(this.#header, abi.H_DOORBELL / 4);
      this.#takeAll();
      const wait = Atomics.waitAsync(this.#header, abi.H_DOORBELL / 4, rung, PATIENCE_MS);
      // Rung again already: timers and sockets get their turn all the same.
      await (wait.async ? wait.value : immediate());
    }
  }

  #takeAll(): void {
    for (const ring of this.#rings) {
      for (const event of ring.take()) this.#take(event);
    }
  }

  #take(event: CoreEvent): void {
    const { vteps } = this.#options.forwarding;
    switch (event.kind) {
      case abi.EVENT_LEARN_PORT:
        this.#learn(event, () => this.#options.forwarding.ports.at(event.index), "port");
        break;
      case abi.EVENT_LEARN_VTEP:
        this.#learn(event, () => vteps.at(event.index), "vtep");
        break;
      case abi.EVENT_LEARN_ADDRESS:
        this.#learn(event, () => vteps.place(formatIp(event.address)), "vtep");
        break;
      case abi.EVENT_PATH_MTU:
        this.#options.pathMtus.look(event.index);
        break;
      case abi.EVENT_PORT_GONE:
        this.#options.forwarding.gone(event.index);
        break;
    }
  }

  /** What a worker tells lies in shared memory, and may be of what has been withdrawn meanwhile: nothing of it is taken for granted. */
  #learn(event: CoreEvent, place: () => { index: number } | undefined, kind: "port" | "vtep"): void {
    const network = this.#options.forwarding.networks.at(event.network);
    if (network === undefined) return;
    let answer: TableAnswer = "full";
    try {
      const found = place();
      if (found === undefined) return;
      answer = this.#options.plane.tables.setFdb(event.network, event.mac, { kind, index: found.index, isStatic: false });
    } catch {
      // No room for one VTEP more.
    }
    if (answer === "changed") network.moves++;
    if (answer === "full" || answer === "limit") network.refused++;
  }
}
