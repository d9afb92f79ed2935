// Trials of UDP datagrams between two containers: what was offered, and what arrived. Both programs stay for many trials, so that none waits for
// their start. A trial's end is when no more arrives.

import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Daemon } from "../../lab/daemon.ts";
import type { Container } from "../../lab/topology.ts";
import { eventually } from "../../lab/wait.ts";
import type { Trial } from "../search.ts";
import type { Offer, Offered } from "./offer.ts";
import type { Arrived } from "./sink.ts";

/** A trial is over when the count has stood still for so long. */
const QUIET_MS = 50;
const DRAIN_MS = 5000;

/** A trial that was carried out. */
export interface Counted extends Trial {
  /** Datagrams a second that arrived. */
  delivered: number;
}

/** A program of this folder that answers a line with a line, one at a time. */
class Partner {
  readonly #daemon: Daemon;

  constructor(container: Container, program: URL, words: readonly string[]) {
    const file = fileURLToPath(program);
    this.#daemon = container.lab.spawn([process.execPath, file, ...words], { netns: container.netns, name: basename(file), input: "pipe" });
  }

  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#daemon.waitFor(pattern);
  }

  async ask<Answer>(question: unknown, timeoutMs = 20_000): Promise<Answer> {
    this.#daemon.stdout = "";
    this.#daemon.input.write(`${JSON.stringify(question)}\n`);
    const [line] = await this.#daemon.waitFor(/^\{.*\}$/m, "stdout", timeoutMs);
    return JSON.parse(line) as Answer;
  }

  end(): Promise<unknown> {
    return this.#daemon.kill();
  }
}

export class Datagrams {
  readonly #sender: Partner;
  readonly #sink: Partner;

  private constructor(sender: Partner, sink: Partner) {
    this.#sender = sender;
    this.#sink = sink;
  }

  /** Starts the programs in the containers. */
  static async open([from, to]: readonly [Container, Container]): Promise<Datagrams> {
    const sink = new Partner(to, new URL("./sink.ts", import.meta.url), [to.ip4]);
    const [, port] = await sink.waitFor(/^port (\d+)$/m);
    const sender = new Partner(from, new URL("./offer.ts", import.meta.url), [from.ip4, to.ip4, port]);
    await sender.waitFor(/^ready$/m);
    return new Datagrams(sender, sink);
  }

  /** One trial. Rejects when a datagram arrived with a wrong checksum: a fast lie is no result. */
  async trial(offer: Offer): Promise<Counted> {
    const before = await this.#sink.ask<Arrived>({});
    const { sent, seconds } = await this.#sender.ask<Offered>(offer);
    const after = await this.#settled();
    if (after.damaged > before.damaged) throw new Error(`${after.damaged - before.damaged} datagrams arrived with a wrong checksum`);
    const arrived = after.arrived - before.arrived;
    return { offered: sent / seconds, delivered: arrived / seconds, lossRatio: Math.max(0, 1 - arrived / sent) };
  }

  async #settled(): Promise<Arrived> {
    let last = await this.#sink.ask<Arrived>({});
    let since = performance.now();
    return eventually(
      "the last datagram to arrive",
      async () => {
        const now = await this.#sink.ask<Arrived>({});
        if (now.arrived !== last.arrived) since = performance.now();
        last = now;
        return performance.now() - since >= QUIET_MS ? now : null;
      },
      DRAIN_MS,
    );
  }

  async close(): Promise<void> {
    await this.#sender.end();
    await this.#sink.end();
  }
}
