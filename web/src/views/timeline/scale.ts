/** From time to pixels and back; zoom, pan, and where the ruler has its marks. */
import { duration, MILLI, SECOND } from '../../words/time';

/** A stretch of time that is in sight. */
export interface Range {
  from: number;
  to: number;
}

/** Closer than this there is nothing more to see. */
export const SPAN_MIN = 2 * MILLI;

export function toX(range: Range, width: number, at: number): number {
  return ((at - range.from) / (range.to - range.from)) * width;
}

export function toTime(range: Range, width: number, x: number): number {
  return range.from + (x / width) * (range.to - range.from);
}

/** All that there is, with a little room at the end; never less than ten seconds. */
export function whole(horizon: number): Range {
  return { from: 0, to: Math.max(10 * SECOND, horizon * 1.04) };
}

function within(range: Range, horizon: number): Range {
  const all = whole(horizon);
  const span = Math.min(Math.max(range.to - range.from, SPAN_MIN), all.to);
  const from = Math.min(Math.max(0, range.from), all.to - span);
  return { from, to: from + span };
}

/** Zooms so that a moment stays where it is on the screen. Factors below 1 go closer. */
export function zoom(range: Range, factor: number, around: number, horizon: number): Range {
  const span = range.to - range.from;
  // Held at the limits, the moment must stay all the same.
  const held = Math.max(SPAN_MIN, Math.min(span * factor, whole(horizon).to)) / span;
  return within({ from: around - (around - range.from) * held, to: around + (range.to - around) * held }, horizon);
}

export function pan(range: Range, by: number, horizon: number): Range {
  return within({ from: range.from + by, to: range.to + by }, horizon);
}

/** The range moved so that a moment is in sight, with a tenth of it to spare; the same one if it is. */
export function follow(range: Range, at: number, horizon: number): Range {
  const span = range.to - range.from;
  if (at > range.to - span * 0.02) return pan(range, at - range.to + span * 0.1, horizon);
  return at < range.from ? pan(range, at - range.from - span * 0.1, horizon) : range;
}

const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map(millis => millis * MILLI),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(s => s * SECOND),
];

/** A mark of the ruler. */
export interface Tick {
  at: number;
  label: string;
}

function label(at: number, step: number): string {
  if (at === 0) return '0';
  if (step >= SECOND && at < 60 * SECOND) return `${at / SECOND}s`;
  if (step >= SECOND) return duration(at);
  // Between seconds: as many places as the step has.
  const places = step >= 100 * MILLI ? 1 : step >= 10 * MILLI ? 2 : 3;
  return `${(at / SECOND).toFixed(places)}s`;
}

/** The ruler's marks, at round moments and no closer than so many pixels. */
export function ticks(range: Range, width: number, apart = 84): Tick[] {
  const least = ((range.to - range.from) / width) * apart;
  const step = STEPS.find(step => step >= least) ?? Math.ceil(least / (86_400 * SECOND)) * 86_400 * SECOND;
  const marks: Tick[] = [];
  for (let at = Math.ceil(range.from / step) * step; at <= range.to; at += step) {
    marks.push({ at, label: label(at, step) });
  }
  return marks;
}
