/** A mark's sign in a line of text: the same as on the canvas. */
import type { MarkKind } from '../../sim/frames';
import { markColor, signOf } from './draw';

const tokens = { accent: 'var(--accent)', bad: 'var(--bad)', warn: 'var(--warn)', good: 'var(--good)' };

export function Sign({ kind }: { kind: MarkKind }) {
  return (
    <svg width="14" height="14" viewBox="-8 -8 16 16" aria-hidden="true">
      <path d={signOf(kind)} fill={markColor(kind, tokens)} />
    </svg>
  );
}
