// A schedule: deeds at their times, made from a seed, and the whole run of one: the cluster begins, the deeds are done to it, everything is healed, and what
// must hold in the end does. The same schedule goes the same way each time.

import { Random } from "../../oracle/random.ts";
import { type Ambush, type Deed, Deeds, KINDS, type Kind } from "./deeds.ts";
import { complaints } from "./oracle.ts";
import { World, type WorldOptions } from "./world.ts";

export interface Schedule extends Omit<WorldOptions, "trace"> {
  deeds: Deed[];
}

export interface Outcome {
  failure: Error | null;
  lines: string[];
  events: number;
  virtualMs: number;
}

const DEEDS_MIN = 12;
const DEEDS_MAX = 40;
/** Deeds come in bursts, as wide as what they do to each other takes. */
const BURST_MAX = 5;
const BURST_MS = 12;
/** Between bursts, at most. */
const GAP_MS = 2500;
const AMBUSH_ONE_IN = 5;
const AMBUSH_MS = 40;
const BEGIN_MS = 1500;
const PEACE_MS = 1500;
/** Longer than a lease, a doubt of the follower's (10 s), and what retries wait. */
const REST_MS = 13_000;
/** What has not come to rest by then never does. */
const RESTS_MAX = 5;

/** How often each kind is done, beside the others; a schedule leaves out some kinds. */
const WEIGHTS: Record<Kind, number> = {
  networkCreate: 3,
  networkRemove: 2,
  networkAgain: 2,
  run: 12,
  runAsked: 4,
  remove: 5,
  sandboxGone: 2,
  move: 6,
  kill: 4,
  restart: 2,
  reboot: 2,
  setClock: 1,
  cut: 4,
  cutStore: 2,
  isolate: 2,
  drain: 1,
  nodeRemove: 1,
  leave: 1,
  join: 2,
  day: 1,
  compact: 1,
  backup: 2,
  restore: 1,
};
const OF_EMBEDDED: readonly Kind[] = ["backup", "restore"];
/** Without these there is nothing to break. */
const ALWAYS: readonly Kind[] = ["networkCreate", "run", "remove", "move"];

export function scheduleOf(seed: number, embedded: boolean): Schedule {
  const random = new Random(seed);
  const possible = KINDS.filter((kind) => embedded || !OF_EMBEDDED.includes(kind));
  const kinds = possible.filter((kind) => ALWAYS.includes(kind) || !random.oneIn(3));
  const bag = kinds.flatMap((kind) => Array<Kind>(WEIGHTS[kind]).fill(kind));
  const number = () => random.below(1000);
  const deed = (atMs: number, kind: Kind): Deed => ({ atMs, kind, a: number(), b: number(), c: number() });
  // Something to begin with, in peace.
  const networks = [0, 1].map((b) => ({ ...deed(BEGIN_MS + 20 * b, "networkCreate"), a: 0, b }));
  const runs = Array.from({ length: random.between(2, 6) }, (_, i) => deed(BEGIN_MS + 200 + 5 * i, "run"));
  const deeds = [...networks, ...runs];
  const count = deeds.length + random.between(DEEDS_MIN, DEEDS_MAX);
  for (let atMs = BEGIN_MS + PEACE_MS; deeds.length < count; atMs += random.below(GAP_MS)) {
    const first = deed(atMs, random.pick(bag));
    const isLikeFirst = random.oneIn(2);
    for (let left = random.oneIn(2) ? 1 : random.between(2, BURST_MAX); left > 0; left--) {
      const next = { ...deed(atMs + random.below(BURST_MS), random.pick(bag)), ...(isLikeFirst ? { b: first.b, c: first.c } : {}) };
      deeds.push(random.oneIn(AMBUSH_ONE_IN) ? { ...next, ambush: ambushFrom(random) } : next);
    }
  }
  deeds.sort((one, other) => one.atMs - other.atMs);
  return { seed, embedded, managers: embedded ? 1 : random.between(1, 3), workers: random.between(2, 3), deeds };
}

function ambushFrom(random: Random): Ambush {
  return {
    what: random.pick(["kill", "kill", "cut", "compact"]),
    whom: random.pick(["asked", "asked", "manager"]),
    afterMs: random.below(AMBUSH_MS) * (random.below(100) / 100),
    b: random.below(1000),
    c: random.below(1000),
  };
}

export async function perform(schedule: Schedule, trace = false): Promise<Outcome> {
  const world = new World({ ...schedule, trace });
  const deeds = new Deeds(world);
  const unhandled = (error: unknown) => world.time.fail(error);
  process.on("unhandledRejection", unhandled);
  try {
    await world.begin();
    for (const deed of schedule.deeds) world.time.after(deed.atMs, () => deeds.begin(deed));
    await world.time.run(schedule.deeds.at(-1)?.atMs ?? 0);
    await comeToRest(world, deeds);
    return outcomeOf(world, null);
  } catch (error) {
    return outcomeOf(world, error as Error);
  } finally {
    process.off("unhandledRejection", unhandled);
    world.close();
  }
}

async function comeToRest(world: World, deeds: Deeds): Promise<void> {
  const { time } = world;
  await time.run(2000);
  deeds.heal();
  let said: string[] = [];
  for (let rest = 0; rest < RESTS_MAX; rest++) {
    for (const host of world.hosts) world.start(host);
    await time.run(REST_MS);
    await forgetNodes(world);
    said = complaints(world);
    if (said.length === 0) return;
  }
  throw new Error(`it does not come to rest:\n  ${said.join("\n  ")}`);
}

/** Nodes that have left without a manager's knowing: a person removes them. */
async function forgetNodes(world: World): Promise<void> {
  const ids = new Set(world.hosts.filter(({ membership }) => membership === "member").map(({ id }) => id));
  const gone = [...world.mirror.nodes.keys()].filter((id) => !ids.has(id));
  const agent = world.managers().find((host) => host.agent?.ready)?.agent;
  if (gone.length === 0 || !agent) return;
  for (const id of gone) world.forces.nodes.add(id);
  agent.proc.run(() => agent.client.do("node.rm", { names: gone, force: true }).catch((error: unknown) => world.time.fail(error)));
  await world.time.run(3000);
}

function outcomeOf(world: World, failure: Error | null): Outcome {
  return { failure, lines: world.lines, events: world.time.events, virtualMs: world.time.now };
}
