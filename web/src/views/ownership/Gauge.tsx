/** The arithmetic of a rolling update, live: one slot for each Pod that there may be, and a line that must stay reached. */
import type { OwnerFrame } from '../../sim/frames';
import { bounds, readStrategy } from './rollout';
import { text } from './text';
import type { Owner } from './tree';

/** More slots than these are a bar without gaps. */
const SLOTS_MAX = 40;

export function Gauge({ frame, sets }: { frame: OwnerFrame; sets: readonly Owner[] }) {
  const say = text();
  const strategy = readStrategy(frame.strategy);
  if (strategy.type !== 'RollingUpdate') {
    return null;
  }
  const { most, least } = bounds(frame.desired, strategy.maxSurge, strategy.maxUnavailable);
  // Pods that are being deleted don't count, as for the Deployment itself.
  const total = sets.reduce((sum, set) => sum + set.frame.current, 0);
  const { available } = frame;
  const short = available < least;
  const slots = Math.min(Math.max(most, total), SLOTS_MAX);
  const each = Math.max(most, total, 1) / Math.max(slots, 1);
  return (
    <div class={`gauge ${short ? 'short' : ''}`} role="img" aria-label={say.gauge(most, least, total, available)}>
      <div class={`gauge-slots ${slots === SLOTS_MAX ? 'dense' : ''}`}>
        {Array.from({ length: slots }, (_, number) => {
          const place = number * each;
          const kind = place < available ? 'available' : place < total ? 'there' : 'free';
          const extra = place >= frame.desired ? 'extra' : '';
          return <span key={number} class={`gauge-slot ${kind} ${extra}`} />;
        })}
        <span class="gauge-least" style={{ insetInlineStart: `${(100 * least) / Math.max(most, total, 1)}%` }} />
      </div>
      <p class="gauge-words numbers" aria-hidden="true">
        <span>{say.atLeast(least)}</span>
        <span>{say.atMost(most)}</span>
        <strong>{say.now(total, available)}</strong>
        {short && <em>{say.below}</em>}
      </p>
    </div>
  );
}
