/** Draws what stands above the nodes: Ingresses, Services, the tray of pods that wait, and the links down to who answers. */
import type { Id } from '../../sim/module';
import type { Box } from './geometry';
import { boxOf } from './hit';
import type { IngressBox, Scene, ServiceBox, TrayBox } from './layout';
import { POD } from './layout';
import type { Link } from './links';
import type { Actor } from './motion';
import type { Palette } from './palette';
import { type Context, rounded, widthOf, write } from './pen';
import { count } from './words';

/** The words outside of nodes. */
export interface AboveWords {
  readonly tray: string;
  readonly trayEmpty: string;
}

export interface AboveStyle {
  readonly palette: Palette;
  readonly zoom: number;
  readonly words: AboveWords;
  readonly hovered: Id | null;
  readonly selected: Id | null;
  /** Virtual time in seconds. */
  readonly time: number;
}

/** A plate with two lines of text and a mark, which Services and Ingresses have in common. */
function chip(
  ctx: Context,
  box: Box,
  scale: number,
  style: AboveStyle,
  id: Id,
  lines: [string, string],
  right: string,
  alive: boolean,
): void {
  const { palette, zoom } = style;
  rounded(ctx, box.x, box.y, box.w, box.h, 14 * scale);
  ctx.fillStyle = palette.chip;
  ctx.fill();
  ctx.lineWidth = Math.max(1.3 * scale, 1 / zoom);
  ctx.strokeStyle =
    style.hovered === id || style.selected === id ? palette.accent : alive ? palette.glassEdge : palette.warning;
  if (!alive) ctx.setLineDash([5 * scale, 4 * scale]);
  ctx.stroke();
  ctx.setLineDash([]);
  const size = 13 * scale;
  if (size * zoom < 5) return;
  const x = box.x + 40 * scale;
  const taken = right ? widthOf(ctx, right, { size: 10 * scale, weight: 600 }) + 6 * scale : 0;
  const max = box.x + box.w - x - 10 * scale;
  write(ctx, lines[0], x, box.y + box.h * 0.35, { size, color: palette.ink, weight: 650, max: max - taken });
  write(ctx, lines[1], x, box.y + box.h * 0.7, { size: 9.5 * scale, color: palette.muted, mono: true, max });
  const ink = alive ? palette.muted : palette.warningInk;
  if (right)
    write(ctx, right, box.x + box.w - 10 * scale, box.y + box.h * 0.35, {
      size: 10 * scale,
      color: ink,
      weight: 600,
      align: 'right',
    });
}

/** A Service: one entry that fans out. */
export function paintService(ctx: Context, box: ServiceBox, style: AboveStyle): void {
  const { service, scale } = box;
  const ready = service.endpoints.filter(endpoint => endpoint.ready).length;
  // Behind the Service `kubernetes` stands the API server itself, which is no pod.
  const ofApi = service.namespace === 'default' && service.name === 'kubernetes';
  const alive = ready > 0 || ofApi || service.type === 'ExternalName';
  const address =
    service.type === 'ExternalName' ? service.external : service.external || service.clusterIp || service.type;
  const lines: [string, string] = [service.name, [address, service.ports.join(' ')].filter(Boolean).join(' ')];
  chip(ctx, box, scale, style, service.id, lines, ofApi ? 'API' : `${ready}/${service.endpoints.length}`, alive);
  const { palette } = style;
  const cx = box.x + 21 * scale;
  const cy = box.y + box.h / 2;
  ctx.strokeStyle = alive ? palette.accent : palette.warning;
  ctx.lineWidth = 1.9 * scale;
  ctx.lineCap = 'round';
  ctx.beginPath();
  for (const dx of [-8, 0, 8]) {
    ctx.moveTo(cx, cy - 9 * scale);
    ctx.quadraticCurveTo(cx, cy + 1 * scale, cx + dx * scale, cy + 9 * scale);
  }
  ctx.stroke();
  ctx.fillStyle = ctx.strokeStyle;
  for (const [dx, dy] of [
    [0, -9],
    [-8, 9],
    [0, 9],
    [8, 9],
  ] as const) {
    ctx.beginPath();
    ctx.arc(cx + dx * scale, cy + dy * scale, 2.6 * scale, 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** An Ingress: the door to Services, by host and path. */
export function paintIngress(ctx: Context, box: IngressBox, style: AboveStyle): void {
  const { ingress, scale } = box;
  const first = ingress.rules[0];
  const more = ingress.rules.length > 1 ? ` +${ingress.rules.length - 1}` : '';
  const rule = first ? `${first.host}${first.path}${more}` : '';
  chip(ctx, box, scale, style, ingress.id, [ingress.name, rule], '', true);
  const cx = box.x + 21 * scale;
  const cy = box.y + box.h / 2;
  ctx.strokeStyle = style.palette.accent;
  ctx.lineWidth = 1.9 * scale;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.beginPath();
  ctx.arc(cx, cy, 10 * scale, Math.PI * 0.75, Math.PI * 2.25);
  ctx.moveTo(cx, cy - 3 * scale);
  ctx.lineTo(cx, cy + 11 * scale);
  ctx.moveTo(cx - 4.5 * scale, cy + 6.5 * scale);
  ctx.lineTo(cx, cy + 11 * scale);
  ctx.lineTo(cx + 4.5 * scale, cy + 6.5 * scale);
  ctx.stroke();
}

/** The tray for pods without a node. */
export function paintTray(ctx: Context, tray: TrayBox, style: AboveStyle): void {
  const { palette, words, zoom } = style;
  const { scale } = tray;
  rounded(ctx, tray.x, tray.y, tray.w, tray.h, 18 * scale);
  ctx.fillStyle = palette.tray;
  ctx.fill();
  ctx.lineWidth = Math.max(1.2 * scale, 1 / zoom);
  ctx.strokeStyle = palette.glassEdge;
  ctx.setLineDash([7 * scale, 6 * scale]);
  ctx.stroke();
  ctx.setLineDash([]);
  if (13 * scale * zoom < 5) return;
  const x = tray.x + 18 * scale;
  const y = tray.y + tray.h / 2;
  if (tray.count === 0) {
    write(ctx, words.tray, x, y - 9 * scale, { size: 13 * scale, color: palette.muted, weight: 650 });
    write(ctx, words.trayEmpty, x, y + 9 * scale, { size: 11 * scale, color: palette.muted, max: tray.w - 40 * scale });
  } else {
    write(ctx, words.tray, x, y - 14 * scale, { size: 13 * scale, color: palette.ink, weight: 650 });
    write(ctx, count(tray.count), x, y + 11 * scale, {
      size: 26 * scale,
      color: palette.states.pending.ink,
      weight: 700,
    });
  }
}

/** Draws links down to pods and Services; ready ones flow with virtual time, others are dashed and grey. */
export function paintLinks(
  ctx: Context,
  links: readonly Link[],
  scene: Scene,
  actors: ReadonlyMap<Id, Actor>,
  style: AboveStyle,
): void {
  const { palette, zoom } = style;
  ctx.save();
  ctx.lineCap = 'round';
  for (const link of links) {
    const from = boxOf(scene, link.from);
    const to = target(link.to, scene, actors);
    if (!from || !to) continue;
    const x1 = from.x + from.w / 2;
    const y1 = from.y + from.h;
    const bend = Math.max(30, (to[1] - y1) * 0.45);
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.bezierCurveTo(x1, y1 + bend, to[0], to[1] - bend, to[0], to[1]);
    ctx.lineWidth = (link.ready ? 2 : 1.5) / zoom;
    ctx.strokeStyle = link.ready ? palette.accent : palette.muted;
    ctx.globalAlpha = links.length > 60 ? 0.45 : 0.85;
    if (link.ready) {
      ctx.setLineDash([8 / zoom, 6 / zoom]);
      ctx.lineDashOffset = (-style.time * 28) / zoom;
    } else {
      ctx.setLineDash([2 / zoom, 5 / zoom]);
      ctx.lineDashOffset = 0;
    }
    ctx.stroke();
  }
  ctx.restore();
}

function target(id: Id, scene: Scene, actors: ReadonlyMap<Id, Actor>): [number, number] | null {
  const actor = actors.get(id);
  if (actor) return [actor.x, actor.y - (POD.h / 2) * actor.size];
  const box = boxOf(scene, id);
  return box && [box.x + box.w / 2, box.y];
}
