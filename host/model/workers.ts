// How many threads move frames where nobody says: half of the CPUs that the agent may run on, since containers want the others; no more than eight,
// which on one host is more than an underlay carries. (npm run bench -- --workers N tells about a host; docs/scaling.md.)

import { availableParallelism } from "node:os";

const DEFAULT_WORKERS_MAX = 8;

export const DEFAULT_WORKERS_TEXT = `one for every two CPUs, at most ${DEFAULT_WORKERS_MAX}`;

export const defaultWorkers = (cpus: number = availableParallelism()): number =>
  Math.max(1, Math.min(DEFAULT_WORKERS_MAX, Math.floor(cpus / 2)));
