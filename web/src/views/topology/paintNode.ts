/** Draws nodes: the panel, what it offers and has given away, its bridge and its way to the other nodes. */
import type { NodeFrame } from '../../sim/frames';
import type { NodeBox, Scene, Underlay } from './layout';
import { POD } from './layout';
import type { Actor } from './motion';
import type { Palette } from './palette';
import { brokenLine, type Context, cross, line, rounded, widthOf, write } from './pen';
import { type Trouble, troubles, weight } from './troubles';
import { bridgeAddress, bytes, count, cpus, share } from './words';

/** The words in a node's panel. */
export interface NodeWords {
  readonly ready: string;
  readonly trouble: (trouble: Trouble) => string;
  readonly cpu: string;
  readonly memory: string;
  readonly pods: string;
  readonly underlay: string;
}

export interface NodeStyle {
  readonly palette: Palette;
  readonly zoom: number;
  readonly words: NodeWords;
  readonly hovered: string | null;
  /** Whether nodes have VXLAN interfaces: with host-gw there is only the route. */
  readonly vxlan: boolean;
}

/** Under this width on the screen a panel has only its name; under the second, no letters at all. */
const PANEL_WORDS = 190;
const PANEL_NAME = 46;
/** Under this width no lines are drawn between panels. */
const ROW_LEAST = 30;

/** The lines between nodes, drawn below them. */
export function paintUnderlay(ctx: Context, scene: Scene, style: NodeStyle): void {
  const { palette, zoom } = style;
  // From far away the lines would be all there is to see.
  if (scene.nodes.length === 0 || ROW_LEAST > (scene.nodes[0]?.w ?? 0) * zoom) return;
  ctx.strokeStyle = palette.wire;
  ctx.lineCap = 'round';
  const scale = scene.nodes[0]?.scale ?? 1;
  ctx.lineWidth = Math.max(5 * scale, 2 / zoom);
  for (const row of scene.underlay) line(ctx, row.x1, row.y, row.x2, row.y);
  trunk(ctx, scene.underlay, scene.box.x + 6 * scene.scale);
  for (const box of scene.nodes) uplink(ctx, box, scene.underlay, style);
  const first = scene.underlay[0];
  if (!first || 11 * scale * zoom <= 6) return;
  const type = { size: 11 * scale, color: palette.muted, weight: 500 };
  const { underlay } = style.words;
  // Above the line, where only nodes' own links come down; below it, the next row's begin.
  if (first.x2 - first.x1 > 2 * widthOf(ctx, underlay, type)) {
    write(ctx, underlay, first.x1 + 14 * scale, first.y - 11 * scale, type);
  } else {
    write(ctx, underlay, first.x2 + 14 * scale, first.y, type);
  }
}

/** Joins the rows' lines at their left end. */
function trunk(ctx: Context, rows: readonly Underlay[], x: number): void {
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last || rows.length < 2) return;
  ctx.beginPath();
  for (const row of rows) {
    ctx.moveTo(row.x1, row.y);
    ctx.lineTo(x, row.y);
  }
  ctx.moveTo(x, first.y);
  ctx.lineTo(x, last.y);
  ctx.stroke();
}

/** A node's own link down to the line: without power, nothing comes through. */
function uplink(ctx: Context, box: NodeBox, rows: readonly Underlay[], style: NodeStyle): void {
  const row = rows.find(one => one.y > box.y + box.h);
  if (!row) return;
  const x = box.x + box.w / 2;
  const { palette, zoom } = style;
  ctx.lineWidth = Math.max(3 * box.scale, 1.5 / zoom);
  if (box.node.powered) {
    ctx.strokeStyle = palette.wire;
    line(ctx, x, box.y + box.h, x, row.y);
  } else {
    brokenLine(ctx, x, box.y + box.h, x, row.y, 8 * box.scale, palette.danger);
  }
}

/** Draws a node's panel, without its pods. */
export function paintNode(ctx: Context, box: NodeBox, style: NodeStyle, crowd: boolean): void {
  const pixels = box.w * style.zoom;
  const found = troubles(box.node);
  const dead = found.some(one => weight(one) === 'dead');
  if (pixels < PANEL_NAME) {
    plate(ctx, box, style, dead);
    if (crowd) heat(ctx, box, style, dead);
    return;
  }
  panel(ctx, box, style, dead, pixels);
  tether(ctx, box, style);
  if (pixels < PANEL_WORDS) nameOnly(ctx, box, style, found);
  else head(ctx, box, style, found);
  if (crowd) tile(ctx, box, style);
  if (pixels >= PANEL_WORDS) foot(ctx, box, style);
}

/** A panel from far away: there may be thousands, and no curve is seen. */
function plate(ctx: Context, box: NodeBox, style: NodeStyle, dead: boolean): void {
  const { palette, zoom } = style;
  ctx.fillStyle = box.node.powered ? palette.glass : palette.off;
  ctx.fillRect(box.x, box.y, box.w, box.h);
  if (!dead && style.hovered !== box.node.id) return;
  ctx.lineWidth = 1.5 / zoom;
  ctx.strokeStyle = dead ? palette.danger : palette.accent;
  ctx.strokeRect(box.x, box.y, box.w, box.h);
}

function panel(ctx: Context, box: NodeBox, style: NodeStyle, dead: boolean, pixels: number): void {
  const { palette, zoom } = style;
  const radius = 20 * box.scale;
  if (pixels > 90) {
    // A soft shadow of three strokes: a blurred one costs more than all the rest of the picture.
    ctx.strokeStyle = palette.shadow;
    for (const spread of [1.5, 4, 7]) {
      ctx.lineWidth = spread * 2 * box.scale;
      rounded(ctx, box.x, box.y + 3 * box.scale, box.w, box.h, radius);
      ctx.stroke();
    }
  }
  rounded(ctx, box.x, box.y, box.w, box.h, radius);
  ctx.fillStyle = box.node.powered ? palette.glass : palette.off;
  ctx.fill();
  if (!box.node.ready && box.node.powered) hatch(ctx, box, palette);
  if (pixels > 90 && box.node.powered) shine(ctx, box, palette, radius);
  rounded(ctx, box.x, box.y, box.w, box.h, radius);
  ctx.lineWidth = Math.max(1.2 * box.scale, 1 / zoom);
  ctx.strokeStyle = dead ? palette.danger : style.hovered === box.node.id ? palette.accent : palette.glassEdge;
  if (!box.node.schedulable) ctx.setLineDash([9 * box.scale, 6 * box.scale]);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Light on the upper edge of the glass. */
function shine(ctx: Context, box: NodeBox, palette: Palette, radius: number): void {
  ctx.save();
  rounded(ctx, box.x, box.y, box.w, box.h, radius);
  ctx.clip();
  const height = Math.min(box.h, 120 * box.scale);
  const gradient = ctx.createLinearGradient(0, box.y, 0, box.y + height);
  gradient.addColorStop(0, palette.shine);
  gradient.addColorStop(1, palette.shineEnd);
  ctx.fillStyle = gradient;
  ctx.fillRect(box.x, box.y, box.w, height);
  ctx.restore();
}

function hatch(ctx: Context, box: NodeBox, palette: Palette): void {
  ctx.save();
  ctx.clip();
  ctx.strokeStyle = palette.hatch;
  ctx.lineWidth = 6 * box.scale;
  const step = 22 * box.scale;
  ctx.beginPath();
  for (let x = box.x - box.h; x < box.x + box.w; x += step) {
    ctx.moveTo(x, box.y + box.h);
    ctx.lineTo(x + box.h, box.y);
  }
  ctx.stroke();
  ctx.restore();
}

/** The line to the API server, which leaves the panel above. */
function tether(ctx: Context, box: NodeBox, style: NodeStyle): void {
  const { palette, zoom } = style;
  const reach = 16 * box.scale;
  const x = box.x + box.w - 34 * box.scale;
  if (box.w * zoom < PANEL_WORDS) return;
  ctx.lineWidth = Math.max(2 * box.scale, 1 / zoom);
  const up = box.node.powered && box.node.connected;
  if (up) {
    ctx.strokeStyle = palette.wire;
    line(ctx, x, box.y, x, box.y - reach + 4 * box.scale);
  } else {
    ctx.lineWidth = Math.max(2.5 * box.scale, 1.5 / zoom);
    brokenLine(ctx, x, box.y, x, box.y - reach, 5 * box.scale, palette.danger);
  }
  const size = 9.5 * box.scale;
  if (size * zoom > 6)
    write(ctx, 'API', x, box.y - reach - 3 * box.scale, {
      size,
      color: up ? palette.muted : palette.danger,
      weight: 600,
      align: 'center',
    });
}

function nameOnly(ctx: Context, box: NodeBox, style: NodeStyle, found: readonly Trouble[]): void {
  const { palette, zoom } = style;
  const { head } = box;
  const size = Math.min(head.h * 0.55, 13 / zoom);
  const bad = found.length > 0;
  write(ctx, box.node.name, head.x, head.y + head.h / 2, {
    size,
    color: palette.ink,
    weight: 650,
    max: head.w - (bad ? size * 1.6 : 0),
  });
  if (bad) badgeDot(ctx, head.x + head.w - size / 2, head.y + head.h / 2, size * 0.5, palette, found);
}

function badgeDot(ctx: Context, x: number, y: number, r: number, palette: Palette, found: readonly Trouble[]): void {
  ctx.strokeStyle = found.some(one => weight(one) === 'dead') ? palette.danger : palette.warning;
  ctx.lineWidth = r * 0.45;
  cross(ctx, x, y, r * 0.7);
}

function head(ctx: Context, box: NodeBox, style: NodeStyle, found: readonly Trouble[]): void {
  const { palette } = style;
  const { head: area, node, scale } = box;
  const y1 = area.y + 12 * scale;
  const used = badges(ctx, area.x + area.w, y1, box, style, found, area.w * 0.62);
  write(ctx, node.name, area.x + 2 * scale, y1, {
    size: 17 * scale,
    color: palette.ink,
    weight: 680,
    max: area.w - used - 10 * scale,
  });
  const where = node.podCidr ? `${node.address}  ·  ${node.podCidr}` : node.address;
  write(ctx, where, area.x + 2 * scale, area.y + 32 * scale, {
    size: 10.5 * scale,
    color: palette.muted,
    mono: true,
    max: area.w,
  });
  meters(ctx, box, style);
}

/** What is to be said of a node, from the right: what doesn't fit is counted. Gives the width that they took. */
function badges(
  ctx: Context,
  right: number,
  y: number,
  box: NodeBox,
  style: NodeStyle,
  found: readonly Trouble[],
  most: number,
): number {
  const { palette, words } = style;
  const size = 10 * box.scale;
  if (found.length === 0)
    return badge(ctx, words.ready, right, y, size, palette.states.ready.ink, palette.states.ready.soft);
  let used = 0;
  let left = found.length;
  for (const trouble of found) {
    const text = words.trouble(trouble);
    const width = widthOf(ctx, text, { size, weight: 600 }) + size * 1.6;
    if (used > 0 && used + width > most) break;
    const look = weight(trouble);
    const [ink, soft] =
      look === 'dead'
        ? [palette.onDanger, palette.danger]
        : look === 'ill'
          ? [palette.onWarning, palette.warning]
          : [palette.ink, palette.line];
    used += badge(ctx, text, right - used, y, size, ink, soft) + size * 0.4;
    left -= 1;
  }
  if (left > 0) used += badge(ctx, `+${left}`, right - used, y, size, palette.ink, palette.line) + size * 0.4;
  return used;
}

function badge(ctx: Context, text: string, right: number, y: number, size: number, ink: string, fill: string): number {
  const width = widthOf(ctx, text, { size, weight: 600 }) + size * 1.6;
  rounded(ctx, right - width, y - size * 0.95, width, size * 1.9, size);
  ctx.fillStyle = fill;
  ctx.fill();
  ctx.lineWidth = size * 0.08;
  ctx.strokeStyle = ink;
  ctx.stroke();
  write(ctx, text, right - width / 2, y + size * 0.05, { size, color: ink, weight: 600, align: 'center' });
  return width;
}

/** What pods ask for, of what the node offers. */
function meters(ctx: Context, box: NodeBox, style: NodeStyle): void {
  const { head: area, node, scale } = box;
  const { words } = style;
  const { requested, allocatable } = node;
  const rows: [string, string, number][] = [
    [
      words.cpu,
      `${cpus(requested.milliCpu)}/${cpus(allocatable.milliCpu)}`,
      share(requested.milliCpu, allocatable.milliCpu),
    ],
    [
      words.memory,
      `${bytes(requested.memory)}/${bytes(allocatable.memory)}`,
      share(requested.memory, allocatable.memory),
    ],
    [words.pods, `${requested.pods}/${allocatable.pods}`, share(requested.pods, allocatable.pods)],
  ];
  const gap = 12 * scale;
  const w = (area.w - gap * 2) / 3;
  rows.forEach(([name, amount, part], at) => {
    const x = area.x + at * (w + gap);
    const y = area.y + 52 * scale;
    const size = 10.5 * scale;
    const type = { size, color: style.palette.muted, mono: true };
    const took = write(ctx, name, x, y, { size, color: style.palette.muted, weight: 500 });
    // Where there is no room for both numbers, their ratio says it.
    const fits = took + 4 * scale + widthOf(ctx, amount, type) <= w;
    write(ctx, fits ? amount : `${Math.round(part * 100)}%`, x + w, y, { ...type, align: 'right' });
    bar(ctx, x, y + 8 * scale, w, 5 * scale, part, style.palette);
  });
}

function bar(ctx: Context, x: number, y: number, w: number, h: number, part: number, palette: Palette): void {
  rounded(ctx, x, y, w, h, h / 2);
  ctx.fillStyle = palette.line;
  ctx.fill();
  if (part <= 0) return;
  rounded(ctx, x, y, Math.max(h, w * part), h, h / 2);
  ctx.fillStyle = part > 0.95 ? palette.danger : part > 0.8 ? palette.warning : palette.accent;
  ctx.fill();
}

/** cni0, which joins the node's pods; flannel.1, which wraps what goes to other nodes; eth0, which is on the line below. */
function foot(ctx: Context, box: NodeBox, style: NodeStyle): void {
  const { palette, vxlan } = style;
  const { foot: area, scale, node } = box;
  const on = node.powered;
  const ink = on ? palette.muted : palette.faint;
  const bridge = on && node.podCidr !== '';
  ctx.globalAlpha = on ? 1 : 0.6;
  // The last column's cable comes down right of its pods.
  rounded(ctx, area.x, area.y + 6 * scale, area.w + POD.gap / 2 + 3, 9 * scale, 4.5 * scale);
  ctx.fillStyle = bridge ? palette.bridge : palette.line;
  ctx.fill();
  const y = area.y + 38 * scale;
  const size = 10 * scale;
  const middle = box.x + box.w / 2;
  ctx.strokeStyle = palette.wire;
  ctx.lineWidth = 2.2 * scale;
  line(ctx, middle, area.y + 15 * scale, middle, y - 9 * scale);
  line(ctx, middle, y + 9 * scale, middle, box.y + box.h);
  const label = node.podCidr ? `cni0 ${bridgeAddress(node.podCidr)}` : 'cni0';
  write(ctx, label, area.x + 3 * scale, area.y + 23.5 * scale, { size, color: ink, mono: true, max: area.w * 0.42 });
  port(ctx, 'eth0', middle, y, box, style, on);
  if (vxlan) {
    const x = middle + 84 * scale;
    const running = on && node.flannel;
    ctx.strokeStyle = palette.wire;
    line(ctx, middle + 26 * scale, y, x - 36 * scale, y);
    port(ctx, 'flannel.1', x, y, box, style, running);
  }
  if (on) {
    write(ctx, node.address, middle - 25 * scale, y, {
      size,
      color: ink,
      mono: true,
      align: 'right',
      max: area.w * 0.4,
    });
  }
  ctx.globalAlpha = 1;
}

function port(ctx: Context, name: string, x: number, y: number, box: NodeBox, style: NodeStyle, on: boolean): void {
  const { palette } = style;
  const size = 9.5 * box.scale;
  const w = widthOf(ctx, name, { size, mono: true }) + 14 * box.scale;
  rounded(ctx, x - w / 2, y - 9 * box.scale, w, 18 * box.scale, 6 * box.scale);
  ctx.fillStyle = palette.port;
  ctx.fill();
  ctx.lineWidth = 1.2 * box.scale;
  ctx.strokeStyle = on ? palette.wire : palette.danger;
  if (!on) ctx.setLineDash([3 * box.scale, 3 * box.scale]);
  ctx.stroke();
  ctx.setLineDash([]);
  write(ctx, name, x, y + 0.4 * box.scale, {
    size,
    color: on ? palette.ink : palette.danger,
    mono: true,
    align: 'center',
  });
}

/** The cables from pods with a network to the bridge: a strand beside each column of pods. */
export function paintCables(ctx: Context, box: NodeBox, actors: Iterable<Actor>, style: NodeStyle): void {
  if (POD.w * style.zoom < 50 || !box.node.powered) return;
  const bottom = box.foot.y + 8 * box.scale;
  ctx.strokeStyle = style.palette.cable;
  ctx.lineWidth = 1.6;
  ctx.lineCap = 'round';
  ctx.beginPath();
  for (const actor of actors) {
    const { pod, aim } = actor;
    if (!pod.sandbox || aim.waits || actor.leaving || actor.flight) continue;
    const x = aim.x + POD.w / 2 + POD.gap / 2;
    const y = aim.y + POD.h / 2 - 15;
    ctx.moveTo(aim.x + (POD.w / 2) * actor.size - 5, y);
    ctx.lineTo(x - 4, y);
    ctx.quadraticCurveTo(x, y, x, y + 4);
    ctx.lineTo(x, bottom);
  }
  ctx.stroke();
}

const ORDER = ['ready', 'running', 'creating', 'terminating', 'failing', 'succeeded'] as const;

/** In a crowd, instead of pods: how many are in which state. */
function tile(ctx: Context, box: NodeBox, style: NodeStyle): void {
  const { palette } = style;
  const { yard, node, scale } = box;
  const total = ORDER.reduce((sum, state) => sum + node.counts[state], 0);
  const mid = yard.y + yard.h * 0.36;
  write(ctx, count(total), yard.x, mid, {
    size: 40 * scale,
    color: palette.ink,
    weight: 700,
    max: yard.w * 0.5,
  });
  write(ctx, style.words.pods, yard.x + yard.w, mid, { size: 13 * scale, color: palette.muted, align: 'right' });
  stack(ctx, node, yard.x, yard.y + yard.h * 0.66, yard.w, 16 * scale, palette);
}

function stack(ctx: Context, node: NodeFrame, x: number, y: number, w: number, h: number, palette: Palette): void {
  const most = Math.max(1, node.allocatable.pods);
  ctx.fillStyle = palette.line;
  ctx.fillRect(x, y, w, h);
  let at = x;
  for (const state of ORDER) {
    const part = (Math.min(node.counts[state], most) / most) * w;
    ctx.fillStyle = palette.states[state].solid;
    ctx.fillRect(at, y, Math.min(part, x + w - at), h);
    at = Math.min(x + w, at + part);
  }
}

/** From far away a crowd's node is a tile: as full of colour as it is of pods; trouble is a corner, for who can't tell colours apart. */
function heat(ctx: Context, box: NodeBox, style: NodeStyle, dead: boolean): void {
  const { palette } = style;
  const { node } = box;
  const pad = box.w * 0.06;
  const h = box.h - 2 * pad;
  const most = Math.max(1, node.allocatable.pods);
  let y = box.y + pad + h;
  for (const state of ORDER) {
    const part = (Math.min(node.counts[state], most) / most) * h;
    ctx.fillStyle = palette.states[state].solid;
    ctx.fillRect(box.x + pad, Math.max(box.y + pad, y - part), box.w - 2 * pad, Math.min(part, y - box.y - pad));
    y -= part;
  }
  if (!dead) return;
  ctx.fillStyle = palette.danger;
  ctx.beginPath();
  ctx.moveTo(box.x + box.w, box.y);
  ctx.lineTo(box.x + box.w, box.y + box.h * 0.5);
  ctx.lineTo(box.x + box.w * 0.5, box.y);
  ctx.closePath();
  ctx.fill();
}
