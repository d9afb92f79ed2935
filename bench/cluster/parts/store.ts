// How fast the state takes changes: a lone writer, and 64 at a time, on the embedded store and on etcd, through a manager's front and without one.

import type { Etcd } from "../../../lab/etcd.ts";
import type { Options } from "../options.ts";
import type { Part, Row } from "../part.ts";
import { Program } from "../program.ts";
import type { Access } from "../programs/client.ts";
import { accessOf, STORE_WORDS, type Stood, standCluster } from "../stand.ts";

const PREFIX = "/weft/v1/endpoint/benchmark/";
const WRITERS = 64;
const LONE = 200;
/** Every variant has its turn in each, so that what the machine does meanwhile does it to all. */
const ROUNDS = 3;

interface Variant {
  label: string;
  access: Access;
  stood: Stood;
}

function variantsOf(stood: Stood, store: string): Variant[] {
  const front = { label: `${store}, through the front`, access: accessOf(stood), stood };
  return stood.etcd ? [front, { label: `${store}, direct`, access: directly(stood.etcd), stood }] : [front];
}

function directly(etcd: Etcd): Access {
  return { endpoints: etcd.endpoints, stateDir: null };
}

async function turn(writer: Program, values: Record<string, number[]>, seconds: number): Promise<void> {
  values.lone.push(...(await writer.ask<number[]>("lone", { prefix: PREFIX, count: LONE })));
  const many = await writer.ask<{ times: number[]; seconds: number }>("many", { prefix: PREFIX, writers: WRITERS, seconds });
  values.rate.push(many.times.length / many.seconds);
  values.many.push(...many.times);
}

async function measure(variants: readonly Variant[], { seconds }: Options, told: (what: string) => void): Promise<Row[]> {
  const writers: Program[] = [];
  for (const { stood, access } of variants) {
    const writer = new Program(stood.lab, stood.manager.host.netns, "writers");
    await writer.ask("open", access);
    writers.push(writer);
  }
  const rows = variants.map(({ label }) => ({ label, values: { lone: [], rate: [], many: [] } as Record<string, number[]> }));
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < rows.length; n++) {
      const at = (n + round) % rows.length;
      told(`round ${round + 1} of ${ROUNDS}: ${rows[at].label}`);
      await turn(writers[at], rows[at].values, seconds / ROUNDS);
    }
  }
  return rows;
}

export const store: Part = {
  name: "store",
  title: "Changes of the state",
  about: `Puts of 300 bytes over a thousand keys, on the disk before they are answered, by a client on the manager's host: ${LONE} one after the other, and by ${WRITERS} at a time. In ${ROUNDS} rounds, each variant in
each round. *Direct* is the same client on etcd itself, without TLS and without a manager in between.`,
  columns: [
    { key: "lone", title: "a lone put, p50", unit: "ms", statistic: "p50", digits: 1 },
    { key: "lone", title: "p99", unit: "ms", statistic: "p99", digits: 1 },
    { key: "rate", title: `${WRITERS} writers`, unit: "puts/s", statistic: "spread", digits: 0 },
    { key: "many", title: "each, p50", unit: "ms", statistic: "p50", digits: 0 },
    { key: "many", title: "p99", unit: "ms", statistic: "p99", digits: 0 },
  ],
  conditions: ({ seconds }) =>
    `${seconds} s of ${WRITERS} writers in all; client, manager and store share this machine's CPUs and its disk`,
  async run(options, told) {
    const all: Stood[] = [];
    try {
      const variants: Variant[] = [];
      for (const name of options.stores) {
        const stood = await standCluster(1, name, told);
        all.push(stood);
        variants.push(...variantsOf(stood, STORE_WORDS[name]));
      }
      return await measure(variants, options, told);
    } finally {
      for (const { lab } of all) await lab.close();
    }
  },
};
