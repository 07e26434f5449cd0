/** Draws a scene as a camera sees it: from the back to the front, and nothing that isn't seen. */
import type { PodFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import { type Box, type Camera, grow, overlaps, type Size, seen } from './geometry';
import { boxOf } from './hit';
import { type NodeBox, POD, type Scene } from './layout';
import type { Link } from './links';
import type { Actor } from './motion';
import { type AboveWords, paintIngress, paintLinks, paintService, paintTray } from './paintAbove';
import { type NodeWords, paintCables, paintNode, paintUnderlay } from './paintNode';
import { type PodStyle, paintPods } from './paintPod';
import type { Palette } from './palette';
import { type Context, rounded } from './pen';

/** All that a picture depends on. */
export interface Picture {
  readonly scene: Scene;
  readonly actors: ReadonlyMap<Id, Actor>;
  readonly camera: Camera;
  readonly size: Size;
  readonly dpr: number;
  readonly palette: Palette;
  readonly words: NodeWords & AboveWords;
  readonly crowd: boolean;
  readonly vxlan: boolean;
  /** Virtual time in seconds. */
  readonly time: number;
  readonly hovered: Id | null;
  /** What is selected; with an owner, its pods. */
  readonly selected: ReadonlySet<Id>;
  /** What has the keyboard's focus. */
  readonly focused: Id | null;
  readonly links: readonly Link[];
  readonly tint: (pod: PodFrame) => string | null;
  readonly dimmed: (pod: PodFrame) => boolean;
}

/** Draws a picture. */
export function paint(ctx: Context, picture: Picture): void {
  const { scene, camera, size, dpr, palette, words, time } = picture;
  const { zoom } = camera;
  const view = seen(camera, size);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, size.w * dpr, size.h * dpr);
  const scale = zoom * dpr;
  ctx.setTransform(scale, 0, 0, scale, (size.w / 2 - camera.x * zoom) * dpr, (size.h / 2 - camera.y * zoom) * dpr);
  const nodeStyle = { palette, zoom, words, hovered: picture.hovered, vxlan: picture.vxlan };
  const selected = picture.selected.size === 1 ? [...picture.selected][0] : undefined;
  const aboveStyle = { palette, zoom, words, hovered: picture.hovered, selected: selected ?? null, time };
  paintUnderlay(ctx, scene, nodeStyle);
  paintTray(ctx, scene.tray, aboveStyle);
  const nodes = scene.nodes.filter(box => overlaps(grow(box, 24 * box.scale), view));
  for (const box of nodes) paintNode(ctx, box, nodeStyle, picture.crowd);
  const visible = visibleActors(picture.actors, view);
  cables(ctx, nodes, visible, nodeStyle);
  const toDevice = (x: number, y: number) =>
    [((x - camera.x) * zoom + size.w / 2) * dpr, ((y - camera.y) * zoom + size.h / 2) * dpr] as const;
  const podStyle: PodStyle = { palette, zoom, dpr, time, tint: picture.tint, presence: presence(picture), toDevice };
  // Who flies is drawn last: above all the others.
  paintPods(
    ctx,
    visible.filter(actor => !actor.flight),
    podStyle,
  );
  paintPods(
    ctx,
    visible.filter(actor => actor.flight),
    podStyle,
  );
  paintLinks(ctx, picture.links, scene, picture.actors, aboveStyle);
  for (const box of scene.ingresses) if (overlaps(box, view)) paintIngress(ctx, box, aboveStyle);
  for (const box of scene.services) if (overlaps(box, view)) paintService(ctx, box, aboveStyle);
  rings(ctx, picture);
}

/** How much pods are to be seen. */
function presence(picture: Picture): PodStyle['presence'] {
  const dark = new Set(picture.scene.nodes.filter(box => !box.node.powered).map(box => box.node.name));
  return pod => (picture.dimmed(pod) ? 0.22 : dark.has(pod.node) ? 0.5 : 1);
}

/** The actors that are in view. */
export function visibleActors(actors: ReadonlyMap<Id, Actor>, view: Box): Actor[] {
  const visible: Actor[] = [];
  const right = view.x + view.w;
  const bottom = view.y + view.h;
  // Written out, for it is done for each pod in each frame.
  for (const actor of actors.values()) {
    const w = (POD.w / 2) * actor.size;
    const h = (POD.h / 2) * actor.size;
    const out = actor.x + w < view.x || actor.x - w > right || actor.y + h < view.y || actor.y - h > bottom;
    if (!out) visible.push(actor);
  }
  return visible;
}

function cables(
  ctx: Context,
  nodes: readonly NodeBox[],
  visible: readonly Actor[],
  style: Parameters<typeof paintCables>[3],
): void {
  if (POD.w * style.zoom < 50) return;
  const byNode = new Map<string, Actor[]>();
  for (const actor of visible) {
    const on = byNode.get(actor.pod.node);
    if (on) on.push(actor);
    else byNode.set(actor.pod.node, [actor]);
  }
  for (const box of nodes) paintCables(ctx, box, byNode.get(box.node.name) ?? [], style);
}

/** Rings around what is selected and what has the focus. */
function rings(ctx: Context, picture: Picture): void {
  const { scene, palette, camera } = picture;
  const ring = (id: Id, color: string, width: number, gap: number) => {
    const actor = picture.actors.get(id);
    const box = actor ? actorBox(actor) : boxOf(scene, id);
    if (!box) return;
    const out = grow(box, gap / camera.zoom);
    rounded(ctx, out.x, out.y, out.w, out.h, (actor ? 14 * actor.size : 18) + gap / camera.zoom);
    ctx.lineWidth = width / camera.zoom;
    ctx.strokeStyle = color;
    ctx.stroke();
  };
  for (const id of picture.selected) ring(id, palette.accent, 2.5, 3);
  if (picture.hovered && !picture.selected.has(picture.hovered) && picture.actors.has(picture.hovered))
    ring(picture.hovered, palette.muted, 1.5, 2);
  if (picture.focused) ring(picture.focused, palette.ink, 2, 6);
}

function actorBox(actor: Actor): Box {
  const w = POD.w * actor.size;
  const h = POD.h * actor.size;
  return { x: actor.x - w / 2, y: actor.y - h / 2, w, h };
}
