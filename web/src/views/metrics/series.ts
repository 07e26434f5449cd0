/** Figures, as the charts and their tables want them. */
import type { Metrics, TrafficSeries } from '../../sim/frames';

/** What grew by how much a second, from what it was in sum: at the end of each interval. */
export function perSecond(times: readonly number[], sums: readonly number[]): number[] {
  return sums.map((sum, number) => {
    const since = (times[number] ?? 0) - (times[number - 1] ?? 0);
    return number === 0 || since <= 0 ? 0 : (sum - (sums[number - 1] ?? 0)) / since;
  });
}

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

/** Requests that fared so at a moment. */
export function trafficAt(
  series: TrafficSeries,
  seconds: number,
): { ok: number; failed: number; latency: number } | null {
  const number = indexAt(series.times, seconds);
  if (number < 0) return null;
  return { ok: series.ok[number] ?? 0, failed: series.failed[number] ?? 0, latency: series.latency[number] ?? 0 };
}
