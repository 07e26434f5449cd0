/** Rectangles, and the camera that looks at the world they are in. */

/** A rectangle, in units of the world. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** What is seen: the world's point in the middle of the viewport, and how many pixels a unit of the world takes. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** A viewport's size, in CSS pixels. */
export interface Size {
  readonly w: number;
  readonly h: number;
}

/** Whether a point is in a box, its edges included. */
export function contains(box: Box, x: number, y: number): boolean {
  return x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h;
}

/** Whether two boxes have a point in common. */
export function overlaps(a: Box, b: Box): boolean {
  return a.x <= b.x + b.w && b.x <= a.x + a.w && a.y <= b.y + b.h && b.y <= a.y + a.h;
}

/** A box that is larger by a margin on each side. */
export function grow(box: Box, margin: number): Box {
  return { x: box.x - margin, y: box.y - margin, w: box.w + 2 * margin, h: box.h + 2 * margin };
}

/** The part of the world that is seen. Whatever doesn't overlap it needs no drawing. */
export function seen(camera: Camera, size: Size): Box {
  const w = size.w / camera.zoom;
  const h = size.h / camera.zoom;
  return { x: camera.x - w / 2, y: camera.y - h / 2, w, h };
}

/** Where a point of the world is in the viewport. */
export function toScreen(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [(x - camera.x) * camera.zoom + size.w / 2, (y - camera.y) * camera.zoom + size.h / 2];
}

/** Which point of the world is at a place of the viewport. */
export function toWorld(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [(x - size.w / 2) / camera.zoom + camera.x, (y - size.h / 2) / camera.zoom + camera.y];
}

/** Beyond this a pod's container would fill the screen. */
export const ZOOM_MAX = 6;

/** Below this 5,000 nodes are a stamp. */
export const ZOOM_MIN = 0.01;

/** The camera after zooming by a factor, with the world's point under (x, y) staying where it is. */
export function zoomAt(camera: Camera, size: Size, x: number, y: number, factor: number): Camera {
  const zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, camera.zoom * factor));
  const [worldX, worldY] = toWorld(camera, size, x, y);
  return { zoom, x: worldX - (x - size.w / 2) / zoom, y: worldY - (y - size.h / 2) / zoom };
}

/** A camera that shows a whole box, as large as it gets but not above a zoom. */
export function framing(box: Box, size: Size, zoomMost: number, margin = 0): Camera {
  const room = { w: Math.max(1, size.w - 2 * margin), h: Math.max(1, size.h - 2 * margin) };
  const zoom = Math.min(zoomMost, room.w / Math.max(1, box.w), room.h / Math.max(1, box.h));
  return { x: box.x + box.w / 2, y: box.y + box.h / 2, zoom: Math.max(ZOOM_MIN, zoom) };
}

/** A camera that still sees something of the world: its middle never leaves the box. */
export function held(camera: Camera, box: Box): Camera {
  const x = Math.min(box.x + box.w, Math.max(box.x, camera.x));
  const y = Math.min(box.y + box.h, Math.max(box.y, camera.y));
  return x === camera.x && y === camera.y ? camera : { ...camera, x, y };
}

/** The camera moved just as far as is needed for a box to be seen, with a margin in pixels. */
export function reveal(camera: Camera, size: Size, box: Box, margin: number): Camera {
  const view = grow(seen(camera, size), -margin / camera.zoom);
  const shift = (from: number, length: number, at: number, extent: number) => {
    if (extent >= length || at < from) return at - from;
    return Math.max(0, at + extent - (from + length));
  };
  const x = camera.x + shift(view.x, view.w, box.x, box.w);
  const y = camera.y + shift(view.y, view.h, box.y, box.h);
  return x === camera.x && y === camera.y ? camera : { ...camera, x, y };
}
