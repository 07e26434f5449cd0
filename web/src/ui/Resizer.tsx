/** A line between two parts that can be dragged, or moved by arrow keys. */
import { useRef } from 'preact/hooks';
import { text } from './text';

const STEP = 24;

export function Resizer({
  axis,
  label,
  value,
  min,
  max,
  change,
  reset,
}: {
  /** Along which it is moved. */
  axis: 'x' | 'y';
  label?: string;
  /** Now, in the unit of `change`: pixels. */
  value: number;
  min: number;
  max: number;
  /** Is told the new value; a move to the right or down makes it larger. */
  change: (value: number) => void;
  /** What a double click does. */
  reset?: () => void;
}) {
  const from = useRef<{ place: number; value: number } | null>(null);
  const limit = (wanted: number) => change(Math.round(Math.min(Math.max(wanted, min), max)));
  const place = (event: PointerEvent) => (axis === 'x' ? event.clientX : event.clientY);
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> can't be dragged; this is a separator that has a value
    <div
      class={`resizer ${axis}`}
      role="separator"
      tabIndex={0}
      aria-label={label ?? text().resize}
      aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={Math.round(max)}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { place: place(event), value };
      }}
      onPointerMove={event => {
        if (from.current) {
          limit(from.current.value + place(event) - from.current.place);
        }
      }}
      onPointerUp={() => {
        from.current = null;
      }}
      onPointerCancel={() => {
        from.current = null;
      }}
      onDblClick={() => reset?.()}
      onKeyDown={event => {
        const less = axis === 'x' ? 'ArrowLeft' : 'ArrowUp';
        const more = axis === 'x' ? 'ArrowRight' : 'ArrowDown';
        if (event.key === less || event.key === more) {
          event.preventDefault();
          limit(value + (event.key === more ? STEP : -STEP));
        }
      }}
    />
  );
}
