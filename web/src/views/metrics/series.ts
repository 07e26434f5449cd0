/** Figures, as the charts and their tables want them. */
import type { Metrics } from '../../sim/frames';

/** The row in force at a moment: the last that isn't later. -1 if there is none. */
export function indexAt(times: readonly number[], seconds: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Every so manieth row, and the last one: a table of thousands helps nobody. */
export function sampled(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, number) => number);
  const step = (count - 1) / (most - 1);
  return Array.from({ length: most }, (_, number) => Math.round(number * step));
}

/** Whether there is anything to draw. */
export function isEmpty(metrics: Metrics): boolean {
  const never = (column: readonly number[]) => column.every(value => value === 0);
  return never(metrics.desired) && never(metrics.ready) && never(metrics.starting) && metrics.traffic.length === 0;
}

/** So many stretches of time are as fine as a chart can show. */
const STRETCHES = 240;

/** Shorter stretches than this would make rates of single writes. */
const STRETCH_MIN = 1;

/**
 * What grew by how much a second, from what it was in sum at irregular moments: in stretches of equal length, so that a burst is as high as it
 * was and not as high as its moments are close. 30 writes within 3 ms are 30 a second.
 */
export function perSecond(
  times: readonly number[],
  sums: readonly number[],
  end: number,
): { times: number[]; rates: number[] } {
  const length = Math.max(STRETCH_MIN, end / STRETCHES);
  const count = Math.max(1, Math.ceil(end / length));
  const sumAt = (seconds: number) => sums[indexAt(times, seconds)] ?? 0;
  const ends = Array.from({ length: count }, (_, number) => (number + 1) * length);
  // What was there at the start was written before anybody looked.
  const first = sums[0] ?? 0;
  return {
    times: [0, ...ends],
    rates: [0, ...ends.map((to, number) => (sumAt(to) - (number === 0 ? first : sumAt(to - length))) / length)],
  };
}

/** Columns up to the end of time: the last figures hold until then. */
export function upTo(
  end: number,
  times: readonly number[],
  columns: readonly (readonly number[])[],
): { times: number[]; columns: number[][] } {
  const last = times.at(-1);
  if (last === undefined || last >= end) {
    return { times: [...times], columns: columns.map(column => [...column]) };
  }
  return { times: [...times, end], columns: columns.map(column => [...column, column.at(-1) ?? 0]) };
}
