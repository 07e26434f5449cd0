/** How many Pods an owner wants and has: a number that says where it came from for a while, and a bar. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { OwnerFrame, PodFrame } from '../../sim/frames';
import { epoch } from '../../state/run';
import { podStates, stateColor } from '../../ui/states';
import { text } from './text';

/** How long a number says what it was before. */
const TRAIL_MS = 4000;

/** What a number was before it changed, for a while: where it began if it changed several times in a row. */
export function useTrail(value: number): number | null {
  const jump = epoch.value;
  const last = useRef({ value, jump });
  const [from, setFrom] = useState<number | null>(null);
  useEffect(() => {
    const before = last.current;
    last.current = { value, jump };
    // A jump through time is no change.
    if (before.jump !== jump) {
      setFrom(null);
      return undefined;
    }
    if (before.value !== value) {
      setFrom(known => known ?? before.value);
    }
    const timer = setTimeout(() => setFrom(null), TRAIL_MS);
    return () => clearTimeout(timer);
  }, [value, jump]);
  return from === value ? null : from;
}

/** `scale`: how many Pods a full bar stands for; 0: no bar. */
export function Size({ frame, scale, pods }: { frame: OwnerFrame; scale: number; pods: readonly PodFrame[] }) {
  const say = text();
  const from = useTrail(frame.desired);
  const counts = podStates.map(state => ({ state, count: pods.filter(pod => pod.state === state).length }));
  // Ready ones first, so that the bar grows from the left.
  const order = ['ready', 'running', 'creating', 'pending', 'failing', 'terminating', 'succeeded'];
  const sorted = counts.sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
  const part = (count: number) => `${(100 * count) / Math.max(scale, 1)}%`;
  return (
    <span class="owner-size" title={say.ready(frame.ready, frame.desired)}>
      {scale > 0 && (
        <span class="owner-bar" aria-hidden="true">
          {sorted.map(({ state, count }) => (
            <span
              key={state}
              class={`owner-bar-part ${state}`}
              style={{ width: part(count), background: stateColor(state) }}
            />
          ))}
          <span class="owner-bar-desired" style={{ insetInlineStart: part(frame.desired) }} />
        </span>
      )}
      <span class="owner-count numbers">
        {from !== null && (
          <span class="owner-trail" key={from}>
            <span class="visually-hidden">{say.was(from, frame.desired)}</span>
            <span aria-hidden="true">{from} → </span>
          </span>
        )}
        <span class={from === null ? '' : 'owner-moved'} key={`now ${frame.desired}`}>
          {say.of(frame.ready, frame.desired)}
        </span>
      </span>
    </span>
  );
}
