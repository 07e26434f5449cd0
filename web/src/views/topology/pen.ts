/** Strokes and letters that all painters use. Lengths are in units of the world; the context's transform makes pixels of them. */
import { elide } from './words';

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export const SANS = 'Inter, system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans SC", sans-serif';
export const MONO = 'ui-monospace, "JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** Begins the path of a rounded rectangle. */
export function rounded(ctx: Context, x: number, y: number, w: number, h: number, r: number): void {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, Math.max(0, Math.min(r, w / 2, h / 2)));
}

const widths = new Map<string, number>();
/** Measured texts are remembered up to this many: names of pods come and go without end. */
const WIDTHS_MAX = 8_000;

/** A text's width in a font of 100 units, from which all others follow. */
function width100(ctx: Context, text: string, family: string, weight: number): number {
  const key = `${weight}${family === MONO ? 'm' : 's'}${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    ctx.font = `${weight} 100px ${family}`;
    width = ctx.measureText(text).width;
    if (widths.size >= WIDTHS_MAX) widths.clear();
    widths.set(key, width);
  }
  return width;
}

/** How a text is set. */
export interface Type {
  readonly size: number;
  readonly color: string;
  readonly weight?: number;
  readonly mono?: boolean;
  readonly align?: 'left' | 'center' | 'right';
  /** How much room it has: what is longer is elided. */
  readonly max?: number;
  /** Which part of a longer text is worth most: the end of a pod's name, the beginning of a container's. */
  readonly keep?: 'start' | 'end';
}

/** A text made to fit: shorter and shorter until it does. Empty if not even two letters would. */
function fitted(ctx: Context, text: string, type: Type, family: string, weight: number): [string, number] {
  const scale = type.size / 100;
  const max = type.max ?? Number.POSITIVE_INFINITY;
  const width = width100(ctx, text, family, weight) * scale;
  if (width <= max) return [text, width];
  for (let most = Math.min(text.length - 1, Math.ceil((text.length * max) / width)); most >= 2; most -= 1) {
    const shown = type.keep === 'start' ? `${text.slice(0, most - 1)}…` : elide(text, most);
    const short = width100(ctx, shown, family, weight) * scale;
    if (short <= max) return [shown, short];
  }
  return ['', 0];
}

/** Writes a line of text, its middle at y, and says how wide it became. */
export function write(ctx: Context, text: string, x: number, y: number, type: Type): number {
  const family = type.mono ? MONO : SANS;
  const weight = type.weight ?? 400;
  const [shown, width] = fitted(ctx, text, type, family, weight);
  ctx.font = `${weight} ${type.size}px ${family}`;
  ctx.fillStyle = type.color;
  ctx.textBaseline = 'middle';
  ctx.textAlign = type.align ?? 'left';
  ctx.fillText(shown, x, y);
  return width;
}

/** A text's width, were it written. */
export function widthOf(ctx: Context, text: string, type: Pick<Type, 'size' | 'weight' | 'mono'>): number {
  return (width100(ctx, text, type.mono ? MONO : SANS, type.weight ?? 400) * type.size) / 100;
}

/** A line that is broken in its middle, with a cross there: somebody cut it. */
export function brokenLine(
  ctx: Context,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  gap: number,
  color: string,
): void {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const ux = (x2 - x1) / length;
  const uy = (y2 - y1) / length;
  const mx = (x1 + x2) / 2;
  const my = (y1 + y2) / 2;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(mx - ux * gap, my - uy * gap);
  ctx.moveTo(mx + ux * gap, my + uy * gap);
  ctx.lineTo(x2, y2);
  ctx.strokeStyle = color;
  ctx.stroke();
  cross(ctx, mx, my, gap * 0.55);
}

/** A cross, stroked. */
export function cross(ctx: Context, x: number, y: number, r: number): void {
  ctx.beginPath();
  ctx.moveTo(x - r, y - r);
  ctx.lineTo(x + r, y + r);
  ctx.moveTo(x + r, y - r);
  ctx.lineTo(x - r, y + r);
  ctx.stroke();
}

/** A straight line. */
export function line(ctx: Context, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
