// How soon nothing is sent any more to an agent that died, and whether one that lives is ever taken for dead where every tenth probe is lost each way.

import { setTimeout as delay } from "node:timers/promises";
import type { Member } from "../../../lab/cluster.ts";
import { run } from "../../../lab/command.ts";
import { scrapeRelay, total } from "../../../lab/metrics.ts";
import { eventually } from "../../../lab/wait.ts";
import type { Options } from "../options.ts";
import type { Part, Row } from "../part.ts";
import { apiOf, relays, type Stood, withCluster } from "../stand.ts";

const AGENTS = 6;
const LOOK_MS = 25;
const WAIT_MS = 60_000;
const VXLAN_PORT = 4789;
const LOST_PERCENT = 10;
/** Milliseconds between two looks at what is suspected. */
const SUSPECTS_MS = 200;
const SUSPECTED = /does not answer probes/g;
const DIED = /node died/g;

type Suspended = (vtep: string) => Promise<boolean>;

/** Whether a host sends nothing to a VTEP, by its tables. */
function tablesOf(member: Member): Suspended {
  const api = apiOf(member);
  return async (vtep) => (await api.vteps()).some(({ address, suspended }) => address === vtep && suspended);
}

/** When each of the others sends nothing to it, or sends again: milliseconds from `began`. */
function noticed(others: readonly Member[], vtep: string, shall: boolean, began: number): Promise<number[]> {
  return Promise.all(
    others.map(async (other) => {
      const suspended = tablesOf(other);
      const end = performance.now() + WAIT_MS;
      while ((await suspended(vtep)) !== shall) {
        if (performance.now() > end) throw new Error(`${other.host.name} did not notice that ${vtep} ${shall ? "died" : "is back"}`);
        await delay(LOOK_MS);
      }
      return performance.now() - began;
    }),
  );
}

/** Every agent but the manager's is killed in turn, and comes back before the next. */
async function kills({ members }: Stood, count: number, told: (what: string) => void): Promise<Row> {
  const values: Record<string, number[]> = { each: [], last: [], back: [] };
  const workers = members.slice(1);
  for (let n = 0; n < count; n++) {
    told(`kill ${n + 1} of ${count}`);
    const victim = workers[n % workers.length];
    const others = members.filter((member) => member !== victim);
    const began = performance.now();
    await victim.kill();
    const times = await noticed(others, victim.host.ip4, true, began);
    values.each.push(...times.map((ms) => ms / 1000));
    values.last.push(Math.max(...times) / 1000);
    await victim.start(WAIT_MS);
    values.back.push(Math.max(...(await noticed(others, victim.host.ip4, false, performance.now()))) / 1000);
  }
  return { label: `${count} kills (kill -9)`, values };
}

/** Every tenth VXLAN packet that comes in is dropped, on every host: a probe is lost on its way there, or its answer on its way back. */
async function loseSome({ members }: Stood): Promise<void> {
  const rule = `udp dport ${VXLAN_PORT} numgen random mod 100 < ${LOST_PERCENT} drop`;
  const table = `table inet loss {\nchain in {\ntype filter hook input priority 0\n${rule}\n}\n}\n`;
  await Promise.all(members.map(({ host }) => run(["nft", "-f", "-"], { netns: host.netns, input: table })));
}

async function lossy(stood: Stood, minutes: number, told: (what: string) => void): Promise<Row> {
  const { members } = stood;
  const at = await relays(members);
  const said = (pattern: RegExp) =>
    members.reduce((sum, { daemon }) => sum + [...`${daemon.stdout}${daemon.stderr}`.matchAll(pattern)].length, 0);
  await eventually("all to answer probes", async () => (await suspects(at)) === 0, WAIT_MS);
  const probes = async (result: string) =>
    (await Promise.all(at.map(scrapeRelay))).reduce((sum, look) => sum + total(look, "weft_peer_probes_total", { result }), 0);
  const before = { answered: await probes("answered"), lost: await probes("lost"), suspected: said(SUSPECTED), died: said(DIED) };
  await loseSome(stood);
  const end = performance.now() + minutes * 60_000;
  let seen = 0;
  let lastTold = performance.now();
  while (performance.now() < end) {
    seen = Math.max(seen, await suspects(at));
    if (performance.now() - lastTold > 30_000) {
      lastTold = performance.now();
      told(`${Math.ceil((end - lastTold) / 60_000)} minutes of lost probes to go`);
    }
    await delay(SUSPECTS_MS);
  }
  const answered = (await probes("answered")) - before.answered;
  const lost = (await probes("lost")) - before.lost;
  return {
    label: `${minutes} min, ${LOST_PERCENT} % lost each way`,
    values: {
      probes: [answered + lost],
      loss: [(lost / (answered + lost)) * 100],
      suspicions: [Math.max(seen, said(SUSPECTED) - before.suspected)],
      deaths: [said(DIED) - before.died],
    },
  };
}

/** How many are suspected now, by all of them together. */
async function suspects(at: readonly string[]): Promise<number> {
  const all = await Promise.all(at.map(scrapeRelay));
  return all.reduce((sum, look) => sum + total(look, "weft_peer_suspect"), 0);
}

export const death: Part = {
  name: "death",
  title: "An agent dies, and one does not",
  about: `${AGENTS} agents. One after the other is killed (kill -9), and comes back before the next: until the tables of each other host say that nothing is sent to it any more, asked every
${LOOK_MS} ms. Then every host drops ${LOST_PERCENT} % of the VXLAN packets that come in (nftables), so that a probe and its answer get through in 81 of 100 cases, and nobody dies: what is suspected or called
dead is counted, from the agents' logs and from a look every ${SUSPECTS_MS} ms.`,
  columns: [
    { key: "each", title: "suspended by one host, p50", unit: "s", statistic: "p50", digits: 2 },
    { key: "last", title: "by all, p50", unit: "s", statistic: "p50", digits: 2 },
    { key: "last", title: "by all, slowest", unit: "s", statistic: "max", digits: 2, atMost: 5 },
    { key: "back", title: "in use again after its start", unit: "s", statistic: "spread", digits: 2 },
    { key: "probes", title: "probes", unit: "", statistic: "sum", digits: 0 },
    { key: "loss", title: "of them lost", unit: "%", statistic: "median", digits: 1 },
    { key: "suspicions", title: "suspected", unit: "", statistic: "sum", digits: 0, atMost: 0 },
    { key: "deaths", title: "called dead", unit: "", statistic: "sum", digits: 0, atMost: 0 },
  ],
  conditions: () => `${AGENTS} agents with one worker each, embedded store`,
  run: (options: Options, told) =>
    withCluster(AGENTS, "embedded", told, async (stood) => [
      await kills(stood, options.kills, told),
      await lossy(stood, options.minutes, told),
    ]),
};
