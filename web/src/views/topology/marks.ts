/** The marks of pod states on a canvas: the shapes that the page's own dots have. */
import type { PodState } from '../../sim/frames';
import { podStates, stateShape } from '../../ui/states';
import type { Context } from './pen';

/** The shapes as paths, made when the first is drawn: outside of a browser there are none. */
let paths: Map<PodState, { fill: Path2D; stroke: Path2D }> | null = null;

function pathsOf(state: PodState) {
  paths ??= new Map(
    podStates.map(each => {
      const { fill, stroke } = stateShape(each);
      return [each, { fill: new Path2D(fill), stroke: new Path2D(stroke) }] as const;
    }),
  );
  return paths.get(state);
}

/** Draws a state's mark around a point. `turn` is how far it has turned, in radians: a pod in creation does. */
export function mark(
  ctx: Context,
  state: PodState,
  x: number,
  y: number,
  r: number,
  color: string,
  turn: number,
): void {
  const path = pathsOf(state);
  if (!path) return;
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(turn);
  ctx.scale(r / 7, r / 7);
  ctx.translate(-8, -8);
  ctx.fillStyle = color;
  ctx.strokeStyle = color;
  ctx.lineWidth = 2;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.fill(path.fill);
  ctx.stroke(path.stroke);
  ctx.restore();
}
