/**
 * Where the parts of the cluster stand. In a wide picture the API server is a bar: everybody has a link of their own to it, straight up or
 * down, and no two cross. In a narrow one it is a spine on the left.
 */
import type { Party } from '../../sim/frames';

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  w: number;
  h: number;
}

/** A part of the cluster, and where it stands. */
export interface Place {
  key: string;
  party: Party;
  box: Box;
}

/** A frame around parts that belong together. */
export interface Frame {
  key: 'control-plane' | 'controllers' | 'node';
  name: string;
  box: Box;
}

export interface Layout {
  width: number;
  height: number;
  narrow: boolean;
  places: Place[];
  frames: Frame[];
  /** The way from each part to the API server. */
  links: ReadonlyMap<string, Point[]>;
}

/** Below this width there is no room for two columns. */
const NARROW = 620;

/** Nodes beyond these share one box. */
const NODES_MAX = 6;

/** The one who stands for all nodes that have no box of their own. */
export const OTHERS = '…';

export function keyOf(party: Party): string {
  return `${party.role}:${party.name}`;
}

/** Those whose boxes stand for several: the place of a part, which may be that of all others. */
export function placeOf(layout: Layout, party: Party): Place | undefined {
  const find = (name: string) =>
    layout.places.find(place => place.party.role === party.role && place.party.name === name);
  return find(party.name) ?? find(OTHERS) ?? find('');
}

/** `deployment` of `deployment-controller`: what is on the chips, as the frame says that these are controllers. */
export function shortName(controller: string): string {
  return controller.replace(/-controller$/, '');
}

function party(role: Party['role'], name = ''): Party {
  return { role, name };
}

function center(box: Box): Point {
  return { x: box.x + box.w / 2, y: box.y + box.h / 2 };
}

/** The nodes with boxes of their own, and whether there is one for the others. */
export function shownNodes(nodes: readonly string[], room = NODES_MAX): string[] {
  return nodes.length <= room ? [...nodes] : [...nodes.slice(0, room - 1), OTHERS];
}

export function layout(width: number, controllers: readonly string[], nodes: readonly string[]): Layout {
  return width < NARROW ? spine(width, controllers, shownNodes(nodes, 4)) : bar(width, controllers, shownNodes(nodes));
}

const EDGE = 12;

function bar(width: number, controllers: readonly string[], nodes: readonly string[]): Layout {
  const places: Place[] = [];
  const frames: Frame[] = [];
  const links = new Map<string, Point[]>();
  const put = (who: Party, box: Box) => places.push({ key: keyOf(who), party: who, box });

  const left = EDGE + 116;
  const right = width - EDGE;
  const side = Math.min(150, Math.max(112, (right - left) * 0.17));
  // The controllers' frame takes what scheduler and etcd leave.
  const manager: Box = { x: left + 14, y: 56, w: right - left - 28 - 2 * (side + 18), h: 0 };
  const columns = Math.max(1, Math.floor((manager.w - 12) / 130));
  const rows = Math.max(1, Math.ceil(controllers.length / columns));
  const chip = { w: (manager.w - 12) / columns, h: 26 };
  manager.h = 34 + rows * (chip.h + 8) + 4;
  const barY = manager.y + manager.h + 78;
  const hub: Box = { x: left + 14, y: barY, w: right - left - 28, h: 44 };
  frames.push({ key: 'control-plane', name: '', box: { x: left, y: 12, w: right - left, h: barY + hub.h + 14 - 12 } });
  frames.push({ key: 'controllers', name: '', box: manager });
  put(party('apiServer'), hub);

  const foot = manager.y + manager.h;
  put(party('controller'), { x: manager.x, y: manager.y, w: manager.w, h: 26 });
  // What a watch delivers reaches the frame: its cache is shared by all that are in it.
  const trunk = manager.x + manager.w - 22;
  links.set(keyOf(party('controller')), [
    { x: trunk, y: foot },
    { x: trunk, y: hub.y },
  ]);
  controllers.forEach((name, number) => {
    const column = number % columns;
    const box: Box = {
      x: manager.x + 6 + column * chip.w + 12,
      y: manager.y + 34 + Math.floor(number / columns) * (chip.h + 8),
      w: chip.w - 16,
      h: chip.h,
    };
    const who = party('controller', name);
    put(who, box);
    // Down beside the column, so that a token never runs over another controller.
    const gutter = box.x - 6;
    links.set(keyOf(who), [
      { x: box.x, y: box.y + box.h / 2 },
      { x: gutter, y: box.y + box.h / 2 },
      { x: gutter, y: hub.y },
    ]);
  });

  const above: [Party, number][] = [
    [party('scheduler'), manager.x + manager.w + 18],
    [party('etcd'), manager.x + manager.w + 18 + side + 18],
  ];
  for (const [who, x] of above) {
    const box: Box = { x, y: foot - 52, w: side, h: 52 };
    put(who, box);
    links.set(keyOf(who), [
      { x: center(box).x, y: foot },
      { x: center(box).x, y: hub.y },
    ]);
  }

  const user: Box = { x: EDGE, y: barY - 4, w: 92, h: 52 };
  put(party('user'), user);
  links.set(keyOf(party('user')), [
    { x: user.x + user.w, y: center(hub).y },
    { x: hub.x, y: center(hub).y },
  ]);

  const nodeY = hub.y + hub.h + 14 + 64;
  const pitch = (right - left) / Math.max(1, nodes.length);
  const nodeW = Math.min(pitch - 12, 260);
  const stacked = nodeW < 178;
  nodes.forEach((name, number) => {
    const x = left + pitch * number + (pitch - nodeW) / 2;
    const h = stacked ? 108 : 72;
    frames.push({ key: 'node', name, box: { x, y: nodeY, w: nodeW, h } });
    const inner = stacked ? nodeW - 16 : (nodeW - 24) / 2;
    const kubelet: Box = { x: x + 8, y: nodeY + 32, w: inner, h: 32 };
    const proxy: Box = stacked ? { ...kubelet, y: nodeY + 69 } : { ...kubelet, x: x + 16 + inner };
    const ends: [Party, Box, number][] = [
      [party('kubelet', name), kubelet, stacked ? x + nodeW * 0.35 : center(kubelet).x],
      [party('proxy', name), proxy, stacked ? x + nodeW * 0.75 : center(proxy).x],
    ];
    for (const [who, box, at] of ends) {
      put(who, box);
      links.set(keyOf(who), [
        { x: at, y: nodeY },
        { x: at, y: hub.y + hub.h },
      ]);
    }
  });
  return { width, height: nodeY + (stacked ? 108 : 72) + 12, narrow: false, places, frames, links };
}

function spine(width: number, controllers: readonly string[], nodes: readonly string[]): Layout {
  const places: Place[] = [];
  const frames: Frame[] = [];
  const links = new Map<string, Point[]>();
  const hub: Box = { x: EDGE, y: EDGE, w: 56, h: 0 };
  const x = 168;
  const w = width - x - EDGE;
  let y = EDGE;
  const row = (who: Party, h: number, indent = 0) => {
    const box: Box = { x: x + indent, y, w: w - 2 * indent, h };
    places.push({ key: keyOf(who), party: who, box });
    links.set(keyOf(who), [
      { x: box.x, y: y + h / 2 },
      { x: hub.x + hub.w, y: y + h / 2 },
    ]);
    y += h + 5;
  };
  const group = (key: Frame['key'], name: string, fill: () => void) => {
    const top = y;
    fill();
    frames.push({ key, name, box: { x, y: top, w, h: y - top } });
    y += 6;
  };
  row(party('user'), 30);
  row(party('etcd'), 30);
  group('controllers', '', () => {
    row(party('controller'), 24);
    for (const name of controllers) {
      row(party('controller', name), 24, 8);
    }
  });
  row(party('scheduler'), 30);
  for (const name of nodes) {
    group('node', name, () => {
      y += 26;
      row(party('kubelet', name), 24, 8);
      row(party('proxy', name), 24, 8);
    });
  }
  hub.h = y - 6 - hub.y;
  places.push({ key: keyOf(party('apiServer')), party: party('apiServer'), box: hub });
  return { width, height: y + 4, narrow: true, places, frames, links };
}

/** The way of a message: along the link of the one who isn't the API server. `null` for what stays inside of one part. */
export function wayOf(shown: Layout, from: Party, to: Party): Point[] | null {
  const outward = from.role === 'apiServer';
  const end = placeOf(shown, outward ? to : from);
  const way = end && links(shown, end);
  if (!way || keyOf(from) === keyOf(to)) {
    return null;
  }
  return outward ? [...way].reverse() : way;
}

function links(shown: Layout, place: Place): Point[] | undefined {
  return shown.links.get(place.key);
}

/** The point at a part of a way, from 0 to 1. */
export function pointAt(way: readonly Point[], part: number): Point {
  const first = way[0] ?? { x: 0, y: 0 };
  const legs = way.slice(1).map((end, number) => {
    const start = way[number] ?? end;
    return { start, end, length: Math.hypot(end.x - start.x, end.y - start.y) };
  });
  let left = part * legs.reduce((sum, leg) => sum + leg.length, 0);
  for (const { start, end, length } of legs) {
    if (left <= length && length > 0) {
      return { x: start.x + ((end.x - start.x) * left) / length, y: start.y + ((end.y - start.y) * left) / length };
    }
    left -= length;
  }
  return way.at(-1) ?? first;
}

/** About how wide a letter is in the picture, in pixels. */
const LETTER = 6.6;

/** A text that fits into so many pixels: cut, if it must be. Chinese characters count twice. */
export function fitting(words: string, room: number): string {
  const wide = (letter: string) => (letter > '\u2e80' ? 2 * LETTER : LETTER);
  let used = 0;
  const letters = [...words];
  for (const [number, letter] of letters.entries()) {
    used += wide(letter);
    if (used > room) {
      return `${letters.slice(0, Math.max(1, number - 1)).join('')}…`;
    }
  }
  return words;
}
