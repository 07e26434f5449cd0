/** Draws a pod: more of it, the larger it is on the screen. */
import type { ContainerFrame, PodFrame, PodState } from '../../sim/frames';
import type { Box } from './geometry';
import { POD } from './layout';
import { mark } from './marks';
import type { Actor } from './motion';
import { lookOf, type Palette } from './palette';
import { type Context, cross, rounded, widthOf, write } from './pen';
import { imageName } from './words';

/** How a pod's drawing depends on its width on the screen, in pixels. */
export const DETAIL = { cell: 9, vector: 44, names: 84, addresses: 104 } as const;

/** What a pod's drawing depends on besides the pod. */
export interface PodStyle {
  readonly palette: Palette;
  /** Pixels of the screen a unit of the world. */
  readonly zoom: number;
  readonly dpr: number;
  /** Virtual time in seconds: what turns, turns with it, and stands still when time does. */
  readonly time: number;
  /** The colour of its group, if pods are grouped; its state is told by its shape then too. */
  readonly tint: (pod: PodFrame) => string | null;
  /** Where a point of the world is in the canvas's own pixels. */
  readonly toDevice: (x: number, y: number) => readonly [number, number];
  /** How much it is to be seen, from 0 to 1: what isn't asked for stands back, and so does who sits in the dark. */
  readonly presence: (pod: PodFrame) => number;
}

const RADIUS = 13;

/**
 * Draws pods where their actors are, those with more detail after those with less. Small ones are copied pixel by pixel, which takes a
 * transform of its own.
 */
export function paintPods(ctx: Context, actors: readonly Actor[], style: PodStyle): void {
  const near: Actor[] = [];
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  for (const actor of actors) {
    const pixels = POD.w * actor.size * style.zoom;
    const alpha = actor.alpha * style.presence(actor.pod);
    if (alpha < 0.02 || pixels < 0.3) continue;
    if (pixels >= DETAIL.vector) {
      near.push(actor);
      continue;
    }
    ctx.globalAlpha = alpha;
    const [x, y] = style.toDevice(actor.x, actor.y);
    if (pixels < DETAIL.cell) dot(ctx, actor, x, y, style);
    else sprite(ctx, actor, x, y, style, pixels);
  }
  ctx.restore();
  for (const actor of near) {
    ctx.save();
    ctx.globalAlpha = actor.alpha * style.presence(actor.pod);
    ctx.translate(actor.x, actor.y);
    ctx.scale(actor.size, actor.size);
    body(ctx, actor, style, POD.w * actor.size * style.zoom);
    ctx.restore();
  }
}

/** From far away: a block in its colour; hollow while it waits, half as high while it ends. */
function dot(ctx: Context, actor: Actor, x: number, y: number, style: PodStyle): void {
  const { pod } = actor;
  const scale = actor.size * style.zoom * style.dpr;
  const w = POD.w * scale;
  const h = POD.h * scale;
  ctx.fillStyle = style.tint(pod) ?? style.palette.states[pod.state].solid;
  if (pod.state === 'terminating') ctx.fillRect(x - w / 2, y, w, h / 2);
  else if (pod.state === 'pending') ring(ctx, x, y, w, h);
  else ctx.fillRect(x - w / 2, y - h / 2, w, h);
}

function ring(ctx: Context, x: number, y: number, w: number, h: number): void {
  ctx.fillRect(x - w / 2, y - h / 2, w, h * 0.22);
  ctx.fillRect(x - w / 2, y + h * 0.28, w, h * 0.22);
  ctx.fillRect(x - w / 2, y - h / 2, w * 0.16, h);
  ctx.fillRect(x + w * 0.34, y - h / 2, w * 0.16, h);
}

const sprites = new Map<string, ImageBitmap>();

/** Sprites are made anew when the palette or the resolution changes. */
export function forgetSprites(): void {
  sprites.clear();
}

/** In the middle distance: a cell with the mark of its state, drawn once and copied then. */
function sprite(ctx: Context, actor: Actor, x: number, y: number, style: PodStyle, pixels: number): void {
  const tint = style.tint(actor.pod);
  // Who stands has a sprite of its exact width; for who grows or shrinks, a few widths must do.
  const exact = pixels * style.dpr;
  const width = actor.size === actor.aim.size ? Math.max(4, Math.round(exact)) : Math.max(4, Math.round(exact / 4) * 4);
  const drained = Math.round(actor.drain * 4);
  const key = `${actor.pod.state}/${width}/${tint ?? ''}/${drained}`;
  let image = sprites.get(key);
  if (!image) {
    image = makeSprite(actor.pod.state, tint, drained / 4, width, style.palette);
    if (sprites.size > 400) sprites.clear();
    sprites.set(key, image);
  }
  ctx.drawImage(image, Math.round(x - image.width / 2), Math.round(y - image.height / 2));
  if (actor.glow > 0) halo(ctx, actor, x, y, image, style);
}

/** The glow of a pod that is too small for the real one. */
function halo(ctx: Context, actor: Actor, x: number, y: number, image: ImageBitmap, style: PodStyle): void {
  const out = (1 - actor.glow) * image.width * 0.3;
  ctx.globalAlpha = actor.glow * 0.6;
  ctx.strokeStyle = style.palette.states.ready.solid;
  ctx.lineWidth = 2 * style.dpr;
  ctx.strokeRect(x - image.width / 2 - out, y - image.height / 2 - out, image.width + 2 * out, image.height + 2 * out);
}

function makeSprite(state: PodState, tint: string | null, drain: number, width: number, palette: Palette): ImageBitmap {
  const scale = width / POD.w;
  const canvas = new OffscreenCanvas(width, Math.max(1, Math.round(POD.h * scale)));
  const ctx = canvas.getContext('2d');
  if (!ctx) return canvas.transferToImageBitmap();
  ctx.scale(scale, scale);
  ctx.translate(POD.w / 2, POD.h / 2);
  shell(ctx, state, tint, drain, palette, Math.max(3, 1.6 / scale));
  mark(ctx, state, 0, 0, POD.h * 0.3, palette.states[state].solid, 0);
  // A picture that can't change any more is copied faster than a canvas that could.
  return canvas.transferToImageBitmap();
}

function outline(ctx: Context, inset: number): void {
  rounded(ctx, -POD.w / 2 + inset, -POD.h / 2 + inset, POD.w - 2 * inset, POD.h - 2 * inset, RADIUS);
}

/** The pod's glass, and how full of life it is. */
function shell(
  ctx: Context,
  state: PodState,
  tint: string | null,
  drain: number,
  palette: Palette,
  stroke: number,
): void {
  const colors = palette.states[state];
  const edge = tint ?? colors.solid;
  const inset = stroke / 2;
  outline(ctx, inset);
  ctx.fillStyle = palette.podGlass;
  ctx.fill();
  ctx.save();
  ctx.clip();
  const level = -POD.h / 2 + POD.h * drain;
  ctx.fillStyle = colors.soft;
  ctx.fillRect(-POD.w / 2, level, POD.w, POD.h);
  if (drain > 0.02) {
    ctx.fillStyle = edge;
    ctx.globalAlpha *= 0.5;
    ctx.fillRect(-POD.w / 2, level, POD.w, 1.5);
  }
  ctx.restore();
  outline(ctx, inset);
  ctx.lineWidth = stroke;
  ctx.strokeStyle = edge;
  if (state === 'pending' || state === 'creating') ctx.setLineDash([7, 5]);
  ctx.stroke();
  ctx.setLineDash([]);
}

function glow(ctx: Context, actor: Actor, style: PodStyle): void {
  const spread = 1 - actor.glow;
  ctx.save();
  ctx.strokeStyle = style.palette.states.ready.solid;
  for (const [at, strength] of [
    [0.4, 0.5],
    [1, 0.28],
  ] as const) {
    ctx.globalAlpha = actor.alpha * actor.glow * strength;
    ctx.lineWidth = 5 + 4 * at;
    outline(ctx, -(3 + spread * 16 * at));
    ctx.stroke();
  }
  ctx.restore();
}

/** From near: its name, its containers on the pause container that carries them, its address. */
function body(ctx: Context, actor: Actor, style: PodStyle, pixels: number): void {
  const { pod } = actor;
  const { palette } = style;
  const tint = style.tint(pod);
  const colors = palette.states[pod.state];
  if (actor.glow > 0) glow(ctx, actor, style);
  shell(ctx, pod.state, tint, actor.drain, palette, 1.6);
  if (actor.mix < 1) fadeOver(ctx, actor, palette);
  if (tint) {
    ctx.fillStyle = tint;
    rounded(ctx, -POD.w / 2 + 6, -POD.h / 2 + 3.2, POD.w - 12, 3, 1.5);
    ctx.fill();
  }
  const left = -POD.w / 2 + 9;
  const top = -POD.h / 2;
  const turning = pod.state === 'creating' ? style.time * 4 : 0;
  mark(ctx, pod.state, left + 8, top + 17, 7.5, colors.solid, turning);
  let room = POD.w - 36;
  if (pod.restarts > 0) room -= restarts(ctx, pod.restarts, top, palette);
  if (pixels >= DETAIL.names) {
    write(ctx, pod.name, left + 21, top + 17, { size: 10.5, color: palette.ink, weight: 600, max: room });
  } else {
    // Too small for a name: a bar in its place, so that the pod keeps its face.
    ctx.fillStyle = palette.line;
    rounded(ctx, left + 21, top + 13, Math.min(room, 70), 8, 4);
    ctx.fill();
  }
  const crate: Box = { x: left, y: top + 29, w: POD.w - 18, h: 36 };
  containers(ctx, pod.containers, crate, style, pixels);
  base(ctx, pod, { x: left - 2, y: top + POD.h - 23, w: POD.w - 14, h: 16 }, style, pixels);
}

/** The old state's colour over the new one's, while it fades. */
function fadeOver(ctx: Context, actor: Actor, palette: Palette): void {
  ctx.save();
  ctx.globalAlpha *= (1 - actor.mix) * 0.8;
  outline(ctx, 0.8);
  ctx.fillStyle = palette.states[actor.before].soft;
  ctx.fill();
  ctx.restore();
}

function restarts(ctx: Context, count: number, top: number, palette: Palette): number {
  const text = `↻${count}`;
  const width = widthOf(ctx, text, { size: 9.5, weight: 700 });
  write(ctx, text, POD.w / 2 - 9, top + 17, {
    size: 9.5,
    color: palette.states.failing.ink,
    weight: 700,
    align: 'right',
  });
  return width + 5;
}

/** How wide a container is, compared with the others: init containers pass by, sidecars stand beside. */
const SHARE = { init: 0.55, sidecar: 0.8, main: 1.3, ephemeral: 0.7 } as const;

function containers(ctx: Context, all: readonly ContainerFrame[], crate: Box, style: PodStyle, pixels: number): void {
  const gap = 4;
  const total = all.reduce((sum, container) => sum + SHARE[container.kind], 0);
  const unit = (crate.w - gap * (all.length - 1)) / Math.max(total, 1.3);
  let x = crate.x;
  for (const container of all) {
    const w = unit * SHARE[container.kind];
    containerBlock(ctx, container, { x, y: crate.y, w, h: crate.h }, style, pixels);
    x += w + gap;
  }
}

/** A container. Its shape says what it is for: an arrow for init containers, a block with a seam for sidecars, dashes for debuggers. */
function containerBlock(ctx: Context, container: ContainerFrame, box: Box, style: PodStyle, pixels: number): void {
  const { palette } = style;
  const look = lookOf(palette, container);
  shape(ctx, container, box);
  ctx.fillStyle = look.fill;
  ctx.fill();
  ctx.lineWidth = 1.2;
  ctx.strokeStyle = look.edge;
  if (container.phase === 'waiting' || container.kind === 'ephemeral') ctx.setLineDash([3, 2.5]);
  ctx.stroke();
  ctx.setLineDash([]);
  if (container.kind === 'sidecar') {
    ctx.fillStyle = look.edge;
    ctx.fillRect(box.x + 4, box.y + 3, 1.4, box.h - 6);
  }
  const middle = box.x + box.w / 2 + (container.kind === 'sidecar' ? 2 : 0);
  const y = box.y + box.h / 2;
  if (pixels >= DETAIL.names && box.w * style.zoom > 26) {
    const tall = pixels >= DETAIL.addresses * 1.5;
    write(ctx, container.name, middle, tall ? y - 6 : y, {
      size: 9.5,
      color: look.ink,
      weight: 600,
      align: 'center',
      max: box.w - 8,
      keep: 'start',
    });
    if (tall) {
      const second = container.reason && container.phase !== 'running' ? container.reason : imageName(container.image);
      write(ctx, second, middle, y + 7, { size: 6.5, color: look.ink, align: 'center', max: box.w - 9, mono: true });
    }
  } else if (container.phase === 'failed') {
    ctx.strokeStyle = look.ink;
    ctx.lineWidth = 2;
    cross(ctx, middle, y, 5);
  }
}

function shape(ctx: Context, container: ContainerFrame, box: Box): void {
  if (container.kind !== 'init') {
    rounded(ctx, box.x, box.y, box.w, box.h, 6);
    return;
  }
  const tip = Math.min(7, box.w / 3);
  ctx.beginPath();
  ctx.moveTo(box.x, box.y);
  ctx.lineTo(box.x + box.w - tip, box.y);
  ctx.lineTo(box.x + box.w, box.y + box.h / 2);
  ctx.lineTo(box.x + box.w - tip, box.y + box.h);
  ctx.lineTo(box.x, box.y + box.h);
  ctx.closePath();
}

/** The sandbox: the pause container, which holds the pod's network for the others. */
function base(ctx: Context, pod: PodFrame, box: Box, style: PodStyle, pixels: number): void {
  const { palette } = style;
  rounded(ctx, box.x, box.y, box.w, box.h, 7);
  ctx.lineWidth = 1.1;
  ctx.strokeStyle = palette.sandboxEdge;
  if (pod.sandbox) {
    ctx.fillStyle = palette.sandbox;
    ctx.fill();
  } else {
    ctx.setLineDash([3, 3]);
  }
  ctx.stroke();
  ctx.setLineDash([]);
  if (pixels < DETAIL.names) return;
  const y = box.y + box.h / 2 + 0.3;
  const color = pod.sandbox ? palette.sandboxInk : palette.muted;
  const wide = pixels >= DETAIL.addresses && pod.ip !== '';
  if (wide) {
    write(ctx, 'pause', box.x + 8, y, { size: 7.8, color, weight: 600 });
    write(ctx, pod.ip, box.x + box.w - 8, y, { size: 8, color, mono: true, align: 'right', max: box.w - 44 });
  } else {
    const text = pixels >= DETAIL.addresses && pod.state !== 'ready' ? pod.status : 'pause';
    write(ctx, pod.sandbox ? 'pause' : text, box.x + box.w / 2, y, {
      size: 7.8,
      color,
      weight: 600,
      align: 'center',
      max: box.w - 8,
      keep: 'start',
    });
  }
}
