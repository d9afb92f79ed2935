// The highest load at which an overlay loses no more than so much: a binary search on the offered load (RFC 2544 section 26.1 throughput; with a
// tolerance of 0 what FD.io calls NDR, non-drop rate, with 0.5 % PDR, partial drop rate).
//
//   0 ─────── passed ═══ tried next ═══ failed ───────► offered a second
//
// Trials are far shorter than the RFC's 60 s, and the machine has other things to do, so what was found is offered again for longer, and
// lowered until it holds. A sender may not reach what it is asked for; what counts is what it offered. Pure: what a trial is, the caller says.

export interface Trial {
  /** Datagrams a second that were really offered. */
  offered: number;
  /** Part of them that did not arrive. */
  lossRatio: number;
}

export interface Goal {
  /** Loss that still passes. */
  lossRatio: number;
  /** Where to begin: a rate that is known to be about right. */
  guess?: number;
}

export interface Found {
  /** Datagrams a second, as offered in the trial that held; 0 when none did. */
  rate: number;
  trials: number;
  /** What kept it from being more: loss, or the sender, which lost nothing at its best. */
  limit: "loss" | "sender";
}

/** The search ends when what passed and what failed are so close. */
export const PRECISION = 0.03;
export const TRIALS_MAX = 12;
/** Below this part of the highest rate nothing is looked for. */
const FLOOR = 1 / 256;
/** By how much a rate that does not hold is lowered, time after time. */
const BACK_OFF = [0.95, 0.9, 0.8, 0.6, 0.4];

/** Runs one trial: `rate` datagrams a second; `long` when it is the one that counts. */
export type RunTrial = (rate: number, long: boolean) => Promise<Trial>;

/** `flood`: what happened when the sender offered all it could, the upper bound. */
export async function findRate(flood: Trial, goal: Goal, runTrial: RunTrial): Promise<Found> {
  const passes = (trial: Trial) => trial.lossRatio <= goal.lossRatio;
  if (passes(flood)) return { rate: flood.offered, trials: 0, limit: "sender" };
  let [low, high] = [0, flood.offered];
  let trials = 0;
  let next = goal.guess !== undefined && goal.guess < high ? goal.guess : high / 2;
  while (trials < TRIALS_MAX && high - low > PRECISION * high && next >= flood.offered * FLOOR) {
    trials++;
    const trial = await runTrial(next, false);
    if (!passes(trial)) high = next;
    else low = next;
    next = low === 0 ? high / 2 : (low + high) / 2;
  }
  let candidate = low;
  for (const factor of [1, ...BACK_OFF]) {
    candidate *= factor;
    if (candidate < flood.offered * FLOOR) break;
    trials++;
    const trial = await runTrial(candidate, true);
    if (passes(trial)) return { rate: trial.offered, trials, limit: "loss" };
  }
  return { rate: 0, trials, limit: "loss" };
}
