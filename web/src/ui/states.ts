/** How pod states look: a colour each and, for whoever can't tell those apart, a shape each. */
import type { PodState } from '../sim/frames';

/** The states in the order of a pod's life. */
export const podStates: readonly PodState[] = [
  'pending',
  'creating',
  'running',
  'ready',
  'failing',
  'terminating',
  'succeeded',
];

/** The CSS value of a state's colour; `ink` is the same, dark or light enough for text. */
export function stateColor(state: PodState, ink = false): string {
  return `var(--state-${state}${ink ? '-ink' : ''})`;
}

/** A state's shape in a box of 16 × 16: what is filled, and what is only outlined. Both are SVG paths, fit for `Path2D` too. */
export interface StateShape {
  readonly fill: string;
  readonly stroke: string;
}

const circle = 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11z';

const shapes: Readonly<Record<PodState, StateShape>> = {
  pending: { fill: '', stroke: circle },
  creating: { fill: 'M8 8V2.5a5.5 5.5 0 0 1 5.5 5.5z', stroke: circle },
  running: { fill: 'M8 2.5a5.5 5.5 0 0 1 0 11z', stroke: circle },
  ready: { fill: circle, stroke: circle },
  failing: { fill: 'M8 1.8l6.6 11.6H1.4z', stroke: 'M8 1.8l6.6 11.6H1.4z' },
  terminating: { fill: '', stroke: 'M8 1.6L14.4 8L8 14.4L1.6 8zM5.4 8h5.2' },
  succeeded: { fill: '', stroke: 'M3 8.6l3.4 3.4L13 4.6' },
};

/** A state's shape. */
export function stateShape(state: PodState): StateShape {
  return shapes[state];
}
