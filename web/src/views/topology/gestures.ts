/** Mouse and fingers on the canvas: drag to move, wheel or two fingers to zoom, click to select, double click to look closer. */

import type { Thing } from './hit';
import type { Screen } from './screen';

export interface Gestures {
  hover(thing: Thing | null, x: number, y: number): void;
  click(thing: Thing | null): void;
  enter(thing: Thing | null): void;
}

/** A pointer that moved less than this was a click. */
const STILL = 5;
/** How much a notch of a wheel zooms. */
const NOTCH = 0.0016;

/** Listens to a canvas; gives what ends that. */
export function listen(canvas: HTMLCanvasElement, screen: Screen, gestures: Gestures): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let moved = 0;
  const place = (event: MouseEvent) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  const pinch = (id: number, to: { x: number; y: number }) => {
    const from = down.get(id);
    const other = [...down].find(([each]) => each !== id)?.[1];
    if (!from || !other) return;
    const before = Math.hypot(from.x - other.x, from.y - other.y);
    const after = Math.hypot(to.x - other.x, to.y - other.y);
    screen.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
    if (before > 0) screen.zoom(after / before, (to.x + other.x) / 2, (to.y + other.y) / 2, true);
  };

  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    moved = down.size > 1 ? STILL : 0;
  };
  const onMove = (event: PointerEvent) => {
    const to = place(event);
    const from = down.get(event.pointerId);
    if (!from) {
      const thing = screen.at(to.x, to.y);
      canvas.classList.toggle('over', thing !== null);
      gestures.hover(thing, to.x, to.y);
      return;
    }
    moved += Math.hypot(to.x - from.x, to.y - from.y);
    if (down.size > 1) pinch(event.pointerId, to);
    else if (moved >= STILL) screen.pan(to.x - from.x, to.y - from.y);
    if (moved >= STILL) {
      canvas.classList.add('dragging');
      gestures.hover(null, 0, 0);
    }
    down.set(event.pointerId, to);
  };
  const onUp = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    canvas.classList.remove('dragging');
    if (moved < STILL && event.type === 'pointerup') {
      const { x, y } = place(event);
      gestures.click(screen.at(x, y));
    }
  };
  const onLeave = () => gestures.hover(null, 0, 0);
  const onDouble = (event: MouseEvent) => {
    const { x, y } = place(event);
    gestures.enter(screen.at(x, y));
  };
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const { x, y } = place(event);
    // Some wheels count lines instead of pixels; a pinch on a touchpad comes as a fine wheel with Ctrl.
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1) * (event.ctrlKey ? 6 : 1);
    screen.zoom(Math.exp(-pixels * NOTCH), x, y, true);
  };

  const ending = new AbortController();
  const { signal } = ending;
  canvas.addEventListener('pointerdown', onDown, { signal });
  canvas.addEventListener('pointermove', onMove, { signal });
  canvas.addEventListener('pointerup', onUp, { signal });
  canvas.addEventListener('pointercancel', onUp, { signal });
  canvas.addEventListener('pointerleave', onLeave, { signal });
  canvas.addEventListener('dblclick', onDouble, { signal });
  canvas.addEventListener('wheel', onWheel, { signal, passive: false });
  return () => ending.abort();
}
