/** What is under the pointer. */
import type { History, Mark, Ref } from '../../sim/frames';
import { HEAD, RULER } from './draw';
import { type Row, rowAt, spanAt } from './rows';
import { type Range, toTime, toX } from './scale';

export type Hit =
  | { kind: 'ruler'; at: number }
  | { kind: 'marks'; at: number; marks: Mark[] }
  | { kind: 'row'; at: number; row: Row }
  | { kind: 'label'; row: Row }
  | { kind: 'nothing'; at: number };

/** Marks this near to the pointer are under it, in pixels. */
const NEAR = 7;

export interface Place {
  width: number;
  gutter: number;
  scroll: number;
  range: Range;
}

export function hit(history: History, rows: readonly Row[], place: Place, x: number, y: number): Hit {
  const lanes = place.width - place.gutter;
  const at = toTime(place.range, lanes, x - place.gutter);
  const row = y >= HEAD ? rowAt(rows, y - HEAD + place.scroll) : null;
  if (x < place.gutter) {
    return row ? { kind: 'label', row } : { kind: 'nothing', at };
  }
  if (y < RULER) {
    return { kind: 'ruler', at };
  }
  if (y < HEAD) {
    const near = (mark: Mark) => Math.abs(toX(place.range, lanes, mark.at) - (x - place.gutter)) <= NEAR;
    return { kind: 'marks', at, marks: history.marks.filter(near) };
  }
  return row ? { kind: 'row', at, row } : { kind: 'nothing', at };
}

/** The object that a row is about, if it is there at the moment. */
export function objectOf(row: Row): Ref | null {
  switch (row.kind) {
    case 'group':
      return null;
    case 'node':
      return row.lane.node;
    case 'size':
      return row.lane.owner;
    case 'pod':
      return row.lane.pod;
  }
}

/** When what is under the pointer began; `null`: nothing is there at that moment. */
export function beginOf(row: Row, at: number): number | null {
  switch (row.kind) {
    case 'group':
      return null;
    case 'node':
      return spanAt(row.lane.spans, at)?.from ?? null;
    case 'size':
      return spanAt(row.lane.steps, at)?.from ?? null;
    case 'pod':
      return row.lane.gone !== null && at >= row.lane.gone ? null : (spanAt(row.lane.spans, at)?.from ?? null);
  }
}
