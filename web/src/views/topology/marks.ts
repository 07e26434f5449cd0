/** The marks of pod states, so that nobody needs to tell colours apart. The page's own dots (ui/StateDot) have the same shapes. */
import type { PodState } from '../../sim/frames'
import type { Context } from './pen'

/** Draws a state's mark around a point. `turn` is how far the arc of a pod in creation has turned, in radians. */
export function mark(ctx: Context, state: PodState, x: number, y: number, r: number, solid: string, on: string, turn: number): void {
  ctx.save()
  ctx.translate(x, y)
  ctx.fillStyle = solid
  ctx.strokeStyle = solid
  ctx.lineWidth = r * 0.28
  ctx.lineCap = 'round'
  ctx.lineJoin = 'round'
  MARKS[state](ctx, r, on, turn)
  ctx.restore()
}

type Mark = (ctx: Context, r: number, on: string, turn: number) => void

function disc(ctx: Context, r: number): void {
  ctx.beginPath()
  ctx.arc(0, 0, r, 0, 2 * Math.PI)
  ctx.fill()
}

function arc(ctx: Context, r: number, from: number, to: number): void {
  ctx.beginPath()
  ctx.arc(0, 0, r, from, to)
  ctx.stroke()
}

function polygon(ctx: Context, ...points: [number, number][]): void {
  ctx.beginPath()
  for (const [x, y] of points) ctx.lineTo(x, y)
  ctx.closePath()
  ctx.fill()
}

function strokes(ctx: Context, color: string, width: number, ...points: [number, number][]): void {
  ctx.strokeStyle = color
  ctx.lineWidth = width
  ctx.beginPath()
  for (const [x, y] of points) ctx.lineTo(x, y)
  ctx.stroke()
}

const MARKS: { readonly [S in PodState]: Mark } = {
  // An empty ring of dashes: there is no place for it yet.
  pending: (ctx, r) => {
    for (let at = 0; at < 4; at += 1) arc(ctx, r * 0.82, at * (Math.PI / 2) + 0.25, (at + 1) * (Math.PI / 2) - 0.25)
  },
  // A part of a ring that turns.
  creating: (ctx, r, _on, turn) => {
    arc(ctx, r * 0.82, turn, turn + 4.2)
  },
  // A ring with a core: it runs, but has nothing to say yet.
  running: (ctx, r) => {
    arc(ctx, r * 0.82, 0, 2 * Math.PI)
    disc(ctx, r * 0.36)
  },
  // A full disc with a tick.
  ready: (ctx, r, on) => {
    disc(ctx, r)
    strokes(ctx, on, r * 0.26, [-r * 0.42, r * 0.02], [-r * 0.1, r * 0.36], [r * 0.46, -r * 0.34])
  },
  // A triangle with an exclamation mark.
  failing: (ctx, r, on) => {
    polygon(ctx, [0, -r * 1.02], [r * 1.05, r * 0.86], [-r * 1.05, r * 0.86])
    strokes(ctx, on, r * 0.24, [0, -r * 0.3], [0, r * 0.22])
    ctx.fillStyle = on
    ctx.translate(0, r * 0.56)
    disc(ctx, r * 0.14)
  },
  // An arrow that points down, out of the picture.
  terminating: (ctx, r) => {
    polygon(ctx, [-r * 0.95, -r * 0.6], [r * 0.95, -r * 0.6], [0, r * 0.95])
  },
  // A square with a tick: done.
  succeeded: (ctx, r, on) => {
    ctx.beginPath()
    ctx.roundRect(-r * 0.86, -r * 0.86, r * 1.72, r * 1.72, r * 0.3)
    ctx.fill()
    strokes(ctx, on, r * 0.26, [-r * 0.42, r * 0.02], [-r * 0.1, r * 0.36], [r * 0.46, -r * 0.34])
  },
}
