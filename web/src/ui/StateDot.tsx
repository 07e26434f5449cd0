/** A pod's state as a small sign: colour and shape, and its name for screen readers. */
import type { PodState } from '../sim/frames';
import { stateColor, stateShape } from './states';
import { text } from './text';

export function StateDot({ state, size = 12, label = true }: { state: PodState; size?: number; label?: boolean }) {
  const { fill, stroke } = stateShape(state);
  const name = text().states[state];
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: it has its title unless it is hidden
    <svg
      class="state-dot"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      style={{ color: stateColor(state), flex: 'none' }}
      {...(label ? { role: 'img', 'aria-label': name } : { 'aria-hidden': true })}
    >
      {label && <title>{name}</title>}
      {fill && <path d={fill} fill="currentColor" />}
      <path
        d={stroke}
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}
