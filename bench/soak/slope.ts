// Is a series flat? A straight line is laid through it (least squares); what the line climbs over the whole window is the verdict, not its steepness: a
// steep line over a short window says little, and a garbage collector's saw teeth have no trend.

export interface Point {
  /** Seconds. */
  at: number;
  value: number;
}

export interface Trend {
  /** Units of the value an hour. */
  perHour: number;
  /** What the line climbs from the first point to the last. */
  climb: number;
  min: number;
  max: number;
  points: number;
}

const HOUR_SECONDS = 3600;

/** The line through the points. A single point, or several at one time, have no slope. */
export function trend(points: readonly Point[]): Trend {
  const values = points.map(({ value }) => value);
  const times = points.map(({ at }) => at);
  const [middle, mean] = [average(times), average(values)];
  let together = 0;
  let alone = 0;
  for (const { at, value } of points) {
    together += (at - middle) * (value - mean);
    alone += (at - middle) ** 2;
  }
  const perSecond = alone === 0 ? 0 : together / alone;
  return {
    perHour: perSecond * HOUR_SECONDS,
    climb: perSecond * (Math.max(...times) - Math.min(...times)),
    min: Math.min(...values),
    max: Math.max(...values),
    points: points.length,
  };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Whether what was measured may be called flat: it climbs by less than `bound` over the window. What falls is flat, too. */
export function isFlat({ climb, points }: Trend, bound: number): boolean {
  return points > 1 && climb < bound;
}
